"""Apache's ThriftTest: this project against Apache's Python, Rust and Go, each as client and as server. README.md tells the cases."""

import json
import pathlib
import shutil
import signal

HERE = pathlib.Path(__file__).resolve().parent
VALUES = HERE / 'values.json'
PROTOCOLS, TRANSPORTS = ['binary', 'compact', 'json'], ['buffered', 'framed']
FORMS = ['plain', 'multiplexed']
# Clients that run at a time: they mostly wait, but their timing rule is for a machine that has time for them.
AT_ONCE = 6


class Peer:
    """One implementation's two programs, as the beginnings of command lines."""

    def __init__(self, name, server, client, protocols):
        self.name, self.server, self.client, self.protocols = name, server, client, protocols


def thrift(bench, target, folder, idl=HERE / 'ThriftTest.thrift'):
    """Generates code from the IDL by the Apache compiler."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bench.build([bench.tool('thrift'), '--gen', target, '-out', folder, idl], HERE)


def build_python(bench):
    home = HERE / 'python'
    wanted, installed = home / 'requirements.txt', home / '.venv/installed.txt'
    if not installed.exists() or installed.read_text() != wanted.read_text():
        bench.build([bench.tool('python3'), '-m', 'venv', '--clear', home / '.venv'], HERE)
        bench.build([home / '.venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
                     '--requirement', wanted], HERE)
        installed.write_text(wanted.read_text())
    thrift(bench, 'py', HERE / 'gen')
    run = [home / '.venv/bin/python', '-B']
    return Peer('Python', [*run, home / 'server.py'], [*run, home / 'client.py'], PROTOCOLS)


def build_go(bench):
    home, go = HERE / 'go', bench.tool('go')
    # A map with a set for its key is nothing that Go has. Apache's own tests leave the field out as well.
    lines = (HERE / 'ThriftTest.thrift').read_text().splitlines(keepends=True)
    shorter = bench.logs / 'ThriftTest.thrift'
    shorter.write_text(''.join(line for line in lines if ' list_field' not in line))
    thrift(bench, 'go', home / 'gen', shorter)
    (home / 'bin').mkdir(exist_ok=True)
    bench.build([go, 'build', '-o', 'bin/', './server', './client'], home)
    return Peer('Go', [home / 'bin/server'], [home / 'bin/client'], PROTOCOLS)


def build_rust(bench):
    home = HERE / 'rust'
    thrift(bench, 'rs', home / 'gen')
    output = bench.build([bench.tool('cargo'), 'build', '--locked', '--message-format', 'json-render-diagnostics'], home)
    messages = [json.loads(line) for line in output.splitlines() if line.startswith('{')]
    programs = {m['target']['name']: m['executable'] for m in messages if m.get('executable')}
    # Apache's JSON is nothing that the crate has.
    return Peer('Rust', [programs['peer-server']], [programs['peer-client']], ['binary', 'compact'])


def build_ours(bench):
    programs = bench.cargo_programs('interop')
    return programs['thrifttest-server'], programs['thrifttest-client']


def rows(form):
    """The cases of a column."""
    methods = ['testMapMap', 'testInsanity', 'testMulti', 'testException', 'testMultiException']
    second = ['SecondService'] if form == 'multiplexed' else []
    return ['testVoid', *json.loads(VALUES.read_text(encoding='utf-8')), *methods, *second, 'testOneway']


def settings(peer):
    return [(protocol, transport) for protocol in peer.protocols for transport in TRANSPORTS]


def column(protocol, transport):
    return f'{protocol} {transport}'


def note(table, form, setting, client):
    """What a client said of each case. One that it says nothing of has failed."""
    code = client.end(60)
    said = {line['case']: line for line in client.json_lines()}
    for row in rows(form):
        line = said.get(row, {'ok': False, 'error': f'not a word of it: {client.tail()}'})
        table.set(row, column(*setting), None if line['ok'] else str(line['error']))
    if code is None:
        table.set('(client ends)', column(*setting), 'it did not')


def in_batches(items):
    return [items[at:at + AT_ONCE] for at in range(0, len(items), AT_ONCE)]


def end(table, title, server, good):
    server.terminate()
    code = server.end(20)
    table.set('(server ends)', title, None if code in good else f'it ended with {code}: {server.tail()}')


def peer_calls(bench, peer, server, form):
    """The peer's client. One server of ours gets all of it on one port."""
    table = bench.table(f'{peer.name} calls ours, {form}')
    host = bench.spawn([server, '--addr', '127.0.0.1:0'], 'ours')
    address = host.wait_line('listening ')
    if address is None:
        return table.set('(server listens)', 'all', host.tail() or 'it does not')
    for batch in in_batches(settings(peer)):
        clients = [bench.spawn([*peer.client, VALUES, address, *setting, form], f'{peer.name}-client') for setting in batch]
        for setting, client in zip(batch, clients):
            note(table, form, setting, client)
    end(table, column(*settings(peer)[-1]), host, [0])
    table.show()


def ours_calls(bench, peer, client, form):
    """Our client, and a server of the peer's for each protocol and transport."""
    table = bench.table(f'ours calls {peer.name}, {form}')
    for batch in in_batches(settings(peer)):
        servers = [bench.spawn([*peer.server, *setting, form], f'{peer.name}-server') for setting in batch]
        clients = []
        for (protocol, transport), server in zip(batch, servers):
            argv = [client, '--values', VALUES, '--addr', server.wait_line('listening ') or '127.0.0.1:1', '--protocol', protocol,
                    '--transport', transport]
            clients.append(bench.spawn(argv + ['--multiplexed'] * (form == 'multiplexed'), 'ours'))
        for setting, caller, server in zip(batch, clients, servers):
            note(table, form, setting, caller)
            # Some have no other end than the signal.
            end(table, column(*setting), server, [0, -signal.SIGTERM])
    table.show()


def run_thrifttest(bench):
    peers = [build_python(bench), build_go(bench), build_rust(bench)]
    server, client = build_ours(bench)
    for peer in peers:
        for form in FORMS:
            peer_calls(bench, peer, server, form)
            ours_calls(bench, peer, client, form)


TARGETS = {'thrifttest': run_thrifttest}
