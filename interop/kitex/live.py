"""Kitex (Go) and this project, each as client and as server. README.md tells what the cases assert."""

import json
import os
import shutil
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FORMS = ['buffered', 'framed', 'ttheader', 'ttheader-framed']
SHUTDOWN = ['framed', 'ttheader-framed', 'mux']
CRC_CASES = 'all_types,all_extreme,big,oneway,exception,error,status'
CALLERS = 16


class Side:
    """One implementation's two programs."""

    def __init__(self, name, server, client, kitex):
        self.name, self.server, self.client, self.kitex = name, server, client, kitex


def build_kitex(bench):
    """Generates the code from interop/idl with Kitex's own tool and builds the two Go programs."""
    go = bench.tool('go')
    os.makedirs(os.path.join(HERE, 'bin'), exist_ok=True)
    bench.build([go, 'build', '-o', 'bin/kitex', 'github.com/cloudwego/kitex/tool/cmd/kitex'], HERE)
    shutil.rmtree(os.path.join(HERE, 'kitex_gen'), ignore_errors=True)
    for stem in ('rich', 'echo', 'newer', 'control'):
        bench.build(['bin/kitex', '-module', 'kitexpeer', '-I', '../idl', f'../idl/{stem}.thrift'], HERE)
    bench.build([go, 'build', '-o', 'bin/', './server', './client', './defaults'], HERE)
    return Side('Kitex', os.path.join(HERE, 'bin/server'), os.path.join(HERE, 'bin/client'), True)


def build_ours(bench):
    programs = bench.cargo_programs('interop')
    return Side('ours', programs['interop-server'], programs['interop-client'], False)


class Trial:
    """One run of a client against a server, and what both of them said."""

    def __init__(self, bench, table, planner):
        self.bench, self.table, self.planner = bench, table, planner

    def serve(self, side, *options):
        server = self.bench.spawn([side.server, '--addr', '127.0.0.1:0', *options], f'{side.name}-server')
        address = server.wait_line('listening ')
        return server, address

    def plan(self, options):
        """What the cases of a setting expect, from the Go client, which is the one that knows them."""
        planner = self.bench.spawn([self.planner, '--plan', *options], 'plan')
        if planner.end(30) != 0:
            raise RuntimeError(f'the plan for {options}: {planner.tail()}')
        return {line['case']: line for line in planner.json_lines()}

    def cases(self, column, client, server, client_options, server_options, behind=None):
        """Runs the cases of `client_options`; each is a row of the column."""
        plan = self.plan(client_options)
        host, address = self.serve(server, *server_options)
        if address is None:
            return self.fail_all(plan, column, f'the server does not listen: {host.tail()}')
        caller = self.bench.spawn([client.client, '--addr', address, *client_options], f'{client.name}-client')
        caller.end(180)
        results = {line['case']: line for line in caller.json_lines() if 'case' in line}
        ends = [self.stop(host)] + ([self.stop(behind)] if behind else [])
        for name, expected in plan.items():
            problem = judge(expected, results.get(name), caller)
            if problem is None and behind is not None and expected.get('next'):
                problem = compare_behind(name, expected['next'], behind)
            self.table.set(name, column, problem)
        self.table.set('(server ends well)', column, '; '.join(end for end in ends if end) or None)

    def stop(self, server):
        """Stops a server gracefully; what was wrong with its end."""
        server.terminate()
        code = server.end(20)
        if code is None:
            return f'{server.label} did not stop within 20 s'
        return None if code == 0 else f'{server.label} ended with {code}: {server.tail()}'

    def fail_all(self, plan, column, problem):
        for name in plan:
            self.table.set(name, column, problem)


def judge(expected, result, caller):
    """What is wrong with a case's result, or None."""
    if result is None:
        return f'no result; exit code {caller.child.returncode}; {caller.tail()}'
    if not result.get('ok'):
        return result.get('error') or 'not ok, without a reason'
    return compare(expected['seen'], result.get('peer'))


def compare_behind(name, expected, behind):
    """Holds the second server's log against what a case has to leave there: alone, where its entries have its name."""
    log = [e for e in behind.json_lines() if 'method' in e]
    named = [e for e in log if case_of(e) == name]
    return compare(expected, named or log, loose=not any(case_of(e) for e in expected))


def case_of(entry):
    return entry.get('sight', {}).get('persistents', {}).get('CASE')


def compare(expected, log, loose=False):
    """Finds an entry of the handlers' log for each expected one, in any order; `loose` allows more of them."""
    if log is None:
        return "the client did not hand on the handlers' log"
    rest = list(log)
    for want in expected:
        entry = next((e for e in rest if covers(want, e)), None)
        if entry is None:
            return f"the handlers' log lacks {json.dumps(want)[:400]}: {json.dumps(log)[:600]}"
        rest.remove(entry)
    if rest and not loose:
        return f"the handlers' log has more: {json.dumps(rest)[:600]}"
    return None


def covers(want, got):
    """Service, method and, unless the answer carries them, args are a must; form, checksum and sight where given."""
    for key, value in want.items():
        if key == 'echoed' or key in ('form', 'crc32c', 'sight') and key not in got:
            continue
        if key == 'args' and got.get('args') is None and want.get('echoed'):
            continue
        if key == 'sight':
            if not all(fits(v, got['sight'].get(k)) for k, v in value.items()):
                return False
        elif got.get(key) != value:
            return False
    return True


def fits(want, got):
    """A value as it is wanted, or a number in the range that is."""
    if isinstance(want, dict) and want.keys() == {'above', 'most'}:
        return isinstance(got, int) and want['above'] < got <= want['most']
    return want == got


def matrix(bench, planner, client, server):
    """Every case in every form."""
    trial = Trial(bench, bench.table(f'{client.name} client, {server.name} server'), planner)
    for form in FORMS:
        trial.cases(form, client, server, ['--transport', form, '--meta'], ['--meta'])
    trial.cases('mux', client, server, ['--transport', 'mux', '--meta'], ['--meta', '--mux'])
    if server.kitex:
        trial.cases('mux in order', client, server, ['--transport', 'mux', '--meta', '--in-order'], ['--meta'])
        trial.cases('server bare', client, server, ['--transport', 'ttheader', '--meta', '--bare'], [])
    if client.kitex:
        trial.cases('client bare', client, server, ['--transport', 'ttheader'], ['--meta'])
    trial.table.show()


def checksums(bench, planner, client, server):
    """CRC-32C on both sides; then one side writes wrong ones."""
    trial = Trial(bench, bench.table(f'CRC-32C: {client.name} client, {server.name} server'), planner)
    for form in ('ttheader', 'ttheader-framed', 'mux'):
        serve = ['--meta', '--crc'] + (['--mux'] if form == 'mux' else [])
        trial.cases(form, client, server, ['--transport', form, '--meta', '--crc', '--case', CRC_CASES], serve)
    for form in ('ttheader', 'ttheader-framed'):
        base = ['--transport', form, '--meta', '--tamper', '--case']
        if client.kitex:
            trial.cases(f'{form}, wrong', client, server, base + ['crc_wrong_request'], ['--meta', '--crc'])
        if server.kitex:
            trial.cases(f'{form}, wrong', client, server, base + ['crc_wrong_answer', '--crc'], ['--meta', '--tamper'])
    trial.table.show()


def relays(bench, planner, client, middle, far):
    """Metadata over two hops. A Kitex server in the middle passes no time limit on."""
    title = f'two hops: {client.name} client, {middle.name} server, {far.name} server'
    trial = Trial(bench, bench.table(title), planner)
    names = 'metadata_relayed' if middle.kitex else 'metadata_relayed,deadline_relayed'
    for form in ('ttheader', 'ttheader-framed', 'mux'):
        mux = ['--mux'] if form == 'mux' else []
        behind, address = trial.serve(far, '--meta', '--node', 'far', *mux)
        options = ['--transport', form, '--meta', '--relayed', '--case', names]
        if address is None:
            trial.fail_all(trial.plan(options), form, f'the far server does not listen: {behind.tail()}')
            continue
        onward = ['--relay', address, '--relay-transport', form]
        trial.cases(form, client, middle, options, ['--meta', '--node', 'middle', *onward, *mux], behind)
    trial.table.show()


def retries(bench, planner, client, middle, far):
    """What is made again over two hops, and in which time. The middle makes calls again that have no answer in 150 ms."""
    title = f'retries over two hops: {client.name} client, {middle.name} server, {far.name} server'
    trial = Trial(bench, bench.table(title), planner)
    names = ['retry_seen', 'retry_relayed', 'chain_stop', 'chain_stop_backup']
    names.append('deadline_each_attempt' if client.kitex else 'deadline_over_attempts')
    if not middle.kitex:
        names.append('deadline_over_attempts_relayed')
    for form in ('ttheader', 'ttheader-framed', 'mux'):
        mux = ['--mux'] if form == 'mux' else []
        behind, address = trial.serve(far, '--meta', '--node', 'far', *mux)
        options = ['--transport', form, '--meta', '--retrying', '--case', ','.join(names)]
        if address is None:
            trial.fail_all(trial.plan(options), form, f'the far server does not listen: {behind.tail()}')
            continue
        onward = ['--relay', address, '--relay-transport', form, '--relay-retry', '150']
        trial.cases(form, client, middle, options, ['--meta', '--node', 'middle', *onward, *mux], behind)
    trial.table.show()


def shutdowns(bench, client, server):
    """The server, then the client, stops under load, in many rounds."""
    table = bench.table(f'shutdown under load, {bench.rounds} rounds each: {client.name} client, {server.name} server')
    for form in SHUTDOWN:
        for row, round_of in (('server stops', server_stops), ('client stops', client_stops)):
            problems = []
            for number in range(bench.rounds):
                problem = round_of(bench, form, number, client, server)
                if problem:
                    problems.append(f'round {number}: {problem}')
            summary = f'{len(problems)} of {bench.rounds} rounds; {" | ".join(problems[:3])}' if problems else None
            table.set(row, form, summary)
    table.show()


def serve_load(bench, form, server):
    trial = Trial(bench, None, None)
    return trial.serve(server, '--meta', *(['--mux'] if form == 'mux' else []))


def start_load(bench, form, address, client, *options):
    return bench.spawn([client.client, '--addr', address, '--transport', form, '--meta', '--load',
                        '--callers', CALLERS, *options], f'{client.name}-load')


def server_stops(bench, form, number, client, server):
    host, address = serve_load(bench, form, server)
    if address is None:
        return f'the server does not listen: {host.tail()}'
    caller = start_load(bench, form, address, client)
    if caller.wait_line('loading') is None:
        return f'no load: {caller.tail()}'
    # The rounds stop at different points of the callers' rhythm.
    time.sleep(0.05 + 0.007 * number)
    host.terminate()
    codes = host.end(20), caller.end(20)
    if codes != (0, 0):
        return f'exit codes {codes} (None: killed after 20 s): {host.tail()} {caller.tail()}'
    # Kitex does not promise an answer to all that it read; this project does.
    return account(host, caller, all_answered=not server.kitex)


def client_stops(bench, form, number, client, server):
    host, address = serve_load(bench, form, server)
    if address is None:
        return f'the server does not listen: {host.tail()}'
    caller = start_load(bench, form, address, client, '--abandon', 50 + 7 * number)
    if caller.end(20) != 0:
        return f'the client ended with {caller.child.returncode}: {caller.tail()}'
    again = bench.spawn([client.client, '--addr', address, '--transport', form, '--meta', '--case', 'extends'], 'after')
    if again.end(20) != 0:
        return f'a client that came after failed: {again.lines()} {again.tail()}'
    host.terminate()
    if host.end(20) != 0:
        return f'the server ended with {host.child.returncode}: {host.tail()}'
    return account(host, caller, all_answered=False)


def account(host, caller, all_answered):
    """Holds the handlers' log against what the client says became of its calls."""
    loads = [line for line in caller.json_lines() if 'answered' in line]
    if len(loads) != 1:
        return f'the client gave no account: {caller.tail()}'
    load = loads[0]
    entries = [e for e in host.json_lines() if e.get('method') == 'Work']
    handled = [int(e['args']['id']) for e in entries]
    done = {int(e['args']['id']) for e in entries if e['done']}
    answered = set(load['answered'])
    safe = {f['id'] for f in load['failed'] if f['safe']}
    unsure = {f['id'] for f in load['failed'] if not f['safe']} | set(load['abandoned'])
    faults = {
        'answered too seldom for a load': len(answered) < 2 * CALLERS and answered,
        'handled twice': {i for i in handled if handled.count(i) > 1} if len(handled) != len(set(handled)) else None,
        'answered, but not in the log': answered - done,
        'said to be safe to retry, but in the log': safe & set(handled),
        'in the log, but unknown to the client': set(handled) - answered - unsure,
        'in the log, but not answered': all_answered and set(handled) - answered,
    }
    found = [f'{what}: {sorted(ids)[:8]} ({len(ids)})' for what, ids in faults.items() if ids]
    if found:
        return '; '.join(found) + '; failures: ' + json.dumps(load['failed'][:2])[:500]
    return None if answered else 'nothing was answered'


def defaults(bench):
    """What the guide of the layers says of Kitex's defaults, against what Kitex's own constructors set."""
    table = bench.table("Kitex's defaults, by the setting that stands for each here")
    told = {}
    with open(os.path.join(HERE, '../../kitex/docs/layers.md'), encoding='utf-8') as guide:
        for cells in (line.strip().split('|') for line in guide if line.count('|') == 5):
            told[cells[3].strip().strip('[').split(']')[0].strip('`')] = cells[2].strip()
    set_by_kitex = json.loads(bench.build([os.path.join(HERE, 'bin/defaults')], HERE))
    for setting, default in set_by_kitex.items():
        wrong = told.get(setting) != default
        table.set(setting, 'guide', f'{default} in Kitex, {told.get(setting)} in the guide' if wrong else None)
    table.show()


def run_kitex(bench):
    kitex, ours = build_kitex(bench), build_ours(bench)
    defaults(bench)
    for client, server in ((kitex, ours), (ours, kitex)):
        matrix(bench, kitex.client, client, server)
        checksums(bench, kitex.client, client, server)
    relays(bench, kitex.client, kitex, ours, kitex)
    relays(bench, kitex.client, ours, kitex, ours)
    retries(bench, kitex.client, kitex, ours, kitex)
    retries(bench, kitex.client, ours, kitex, ours)
    shutdowns(bench, kitex, ours)
    shutdowns(bench, ours, kitex)


def run_retries(bench):
    """The retries of `kitex` alone, and the defaults."""
    kitex, ours = build_kitex(bench), build_ours(bench)
    defaults(bench)
    retries(bench, kitex.client, kitex, ours, kitex)
    retries(bench, kitex.client, ours, kitex, ours)


def run_self(bench):
    """Kitex against itself, which shows that the expectations are right."""
    kitex = build_kitex(bench)
    matrix(bench, kitex.client, kitex, kitex)
    checksums(bench, kitex.client, kitex, kitex)
    relays(bench, kitex.client, kitex, kitex, kitex)
    retries(bench, kitex.client, kitex, kitex, kitex)
    shutdowns(bench, kitex, kitex)


TARGETS = {'kitex': run_kitex}
EXTRA = {'self': run_self, 'retries': run_retries}
