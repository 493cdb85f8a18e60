"""What looks at services: Prometheus, and a collector of OTLP behind a call of two hops. README.md tells what is held."""

import json
import os
import shutil
import socket
import time
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT, SERVER = 3, 2
ERROR = 2
METHOD = 'EchoSvc/Echo'
HANDLER, REMOTE = 'handler error', 'remote exception'


def build_relay(bench):
    """Generates the code with Kitex's own tool and builds the hop that is a Kitex."""
    go = bench.tool('go')
    os.makedirs(os.path.join(HERE, 'bin'), exist_ok=True)
    bench.build([go, 'build', '-o', 'bin/kitex', 'github.com/cloudwego/kitex/tool/cmd/kitex'], HERE)
    shutil.rmtree(os.path.join(HERE, 'kitex_gen'), ignore_errors=True)
    bench.build(['bin/kitex', '-module', 'telemetrypeer', '-I', '../idl', '../idl/echo.thrift'], HERE)
    bench.build([go, 'build', '-o', 'bin/', './relay'], HERE)
    return os.path.join(HERE, 'bin/relay')


def start(bench, argv, label):
    """A process that listens, and where."""
    process = bench.spawn(argv, label)
    address = process.wait_line('listening ')
    if address is None:
        raise RuntimeError(f'{label} does not listen: {process.tail()}')
    return process, address


def stop(process):
    process.terminate()
    if process.end(30) != 0:
        raise RuntimeError(f'{process.label} ended with {process.child.returncode}: {process.tail()}')


def calls(bench, program, address, messages, *options):
    """Calls, one for each message; what was answered."""
    argv = [program, '--call', '--addr', address, '--messages', ','.join(messages), *options]
    client = bench.spawn(argv, 'caller')
    if client.end(60) != 0:
        raise RuntimeError(f'the caller ended with {client.child.returncode}: {client.tail()}')
    answers = client.json_lines()
    wrong = [a for a in answers if a['ok'] == (a['message'] == 'fail')]
    if wrong or [a['message'] for a in answers] != list(messages):
        raise RuntimeError(f'the answers are not what was asked for: {answers}')
    return answers


def run_otlp(bench):
    programs, relay = bench.cargo_programs('interop'), build_relay(bench)
    collector, at = start(bench, [programs['interop-collector']], 'collector')
    table = bench.table('OTLP: spans and metrics at a collector; a caller of ours, a live Kitex, a server of ours')
    two_hops(bench, programs['interop-traced'], relay, at)
    quiet(bench, programs['interop-traced'], at)
    lines = collector.json_lines()
    spans, series = [l for l in lines if 'span' in l], [l for l in lines if 'metric' in l]
    judge_chain(table, spans)
    judge_quiet(table, [s for s in spans if s['service'].startswith('quiet')])
    judge_series(table, series)
    table.show()


def two_hops(bench, program, relay, at):
    """Two calls, one well and one that fails at the far end."""
    to = ['--collector', f'http://{at}']
    far, address = start(bench, [program, '--serve', '--name', 'far', *to], 'far')
    middle, through = start(bench, [relay, '--next', address, '--collector', at], 'relay')
    calls(bench, program, through, ['hello', 'fail'], '--name', 'near', *to)
    stop(middle)
    stop(far)


def quiet(bench, program, at):
    """Calls of which no share is kept."""
    options = ['--percent', '0', '--collector', f'http://{at}']
    server, address = start(bench, [program, '--serve', '--name', 'quiet-server', *options], 'quiet')
    calls(bench, program, address, ['hello'] * 20 + ['slow', 'fail'] + ['hello'] * 20, '--name', 'quiet-client', *options)
    stop(server)


def judge_chain(table, spans):
    chain = [('near', CLIENT), ('relay', SERVER), ('relay', CLIENT), ('far', SERVER)]
    roots = [s for s in spans if s['service'] == 'near']
    for status, row in ((0, 'a call of two hops'), (ERROR, 'one that fails at the far end')):
        found = [root for root in roots if root['status'] == status]
        if len(found) != 1:
            table.set(row, 'one trace', f'{len(found)} spans of the caller with status {status}: {roots}')
            continue
        trace = [s for s in spans if s['trace'] == found[0]['trace']]
        path = [next((s for s in trace if (s['service'], s['kind']) == hop), None) for hop in chain]
        table.set(row, 'one trace', None if len(trace) == 4 and all(path) else f'its spans: {json.dumps(trace)}')
        if not all(path):
            continue
        parents = [''] + [span['id'] for span in path[:-1]]
        table.set(row, 'parents', None if [s['parent'] for s in path] == parents else json.dumps(path))
        table.set(row, 'names', None if {s['span'] for s in path} == {METHOD} else json.dumps(path))
        table.set(row, 'statuses', None if {s['status'] for s in path} == {status} else json.dumps(path))
        # Kitex's hop goes by the flag, and is not there without it; its exporter does not write it into spans.
        table.set(row, 'sampled', None if path[0]['sampled'] and path[3]['sampled'] else json.dumps(path))
        kinds = [path[0]['attributes'].get('error.type'), path[3]['attributes'].get('error.type')]
        wanted = [None, None] if status == 0 else [path[0]['attributes'].get('rpc.response.status_code'), HANDLER]
        right = kinds == wanted and (status == 0 or kinds[0] is not None)
        table.set(row, 'error.type', None if right else f'{kinds}: {json.dumps(path)}')


def judge_quiet(table, spans):
    for service, kind in (('quiet-client', CLIENT), ('quiet-server', SERVER)):
        mine = [s for s in spans if (s['service'], s['kind']) == (service, kind)]
        row = f'0 % of {service}'
        table.set(row, 'kept', None if len(mine) == 2 else f'{len(mine)} of 42 spans, not the slow and the failed one')
        failed, slow = [s for s in mine if s['status'] == ERROR], [s for s in mine if s['nanos'] >= 300_000_000]
        table.set(row, 'failed', None if len(failed) == 1 else json.dumps(mine))
        table.set(row, 'slow', None if len(slow) == 1 and slow != failed else json.dumps(mine))
        table.set(row, 'not sampled', None if not any(s['sampled'] for s in mine) else json.dumps(mine))
    made = {s['id']: s['trace'] for s in spans if s['kind'] == CLIENT}
    joined = [s for s in spans if s['kind'] == SERVER and made.get(s['parent']) == s['trace']]
    table.set('0 % of quiet-server', 'one trace', None if len(joined) == 2 else json.dumps(spans))


def judge_series(table, series):
    for service, name, wanted in (
        ('far', 'rpc.server.call.duration', {None: 1, HANDLER: 1}),
        ('quiet-server', 'rpc.server.call.duration', {None: 41, HANDLER: 1}),
        ('quiet-client', 'rpc.client.call.duration', {None: 41, REMOTE: 1}),
    ):
        found = {}
        for point in series:
            if (point['service'], point['metric']) == (service, name) and point['attributes'].get('rpc.method') == METHOD:
                found[point['attributes'].get('error.type')] = point['value']
        table.set(f'{name} of {service}', 'counts', None if found == wanted else f'{found}, and not {wanted}')
        units = {point['unit'] for point in series if point['metric'] == name}
        table.set(f'{name} of {service}', 'unit', None if units == {'s'} else f'{units}')


def run_prometheus(bench):
    prometheus = bench.tool('prometheus')
    traced = bench.cargo_programs('interop')['interop-traced']
    examples = bench.cargo_programs('examples')
    table = bench.table('Prometheus: what it answers of the servers that it scrapes')
    server = bench.spawn([traced, '--serve', '--name', 'echo', '--page', '127.0.0.1:0'], 'echo')
    page, address = server.wait_line('page '), server.wait_line('listening ')
    example = bench.spawn([examples['telemetry']], 'example')
    if page is None or address is None:
        raise RuntimeError(f'the server does not listen: {server.tail()}')
    scraper, api = scrape(bench, prometheus, {'echo': page, 'example': '127.0.0.1:9464'})
    greet(bench, examples['client'], example, ['Ada', 'Grace', 'nobody'])
    calls(bench, traced, address, ['hello'] * 7 + ['fail'] * 3)
    judge_page(table, api)
    for process in (server, scraper):
        stop(process)
    # The example stops at an interrupt or this.
    stop(example)
    table.show()


def scrape(bench, prometheus, pages):
    """Starts Prometheus over some pages; where it answers queries."""
    folder = bench.logs / 'prometheus'
    folder.mkdir()
    jobs = [{'job_name': name, 'static_configs': [{'targets': [page]}]} for name, page in pages.items()]
    # JSON is YAML.
    settings = {'global': {'scrape_interval': '1s', 'scrape_timeout': '1s'}, 'scrape_configs': jobs}
    (folder / 'prometheus.yml').write_text(json.dumps(settings))
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        api = f'127.0.0.1:{free.getsockname()[1]}'
    process = bench.spawn([prometheus, f'--config.file={folder}/prometheus.yml', f'--storage.tsdb.path={folder}/data',
                           f'--web.listen-address={api}'], 'prometheus')
    return process, api


def greet(bench, client, example, names):
    """Calls of the example's own client, which is begun anew until the server listens."""
    end = time.monotonic() + 15
    for name in names:
        while True:
            caller = bench.spawn([client, name], 'greeting')
            if caller.end(10) == 0:
                break
            if time.monotonic() > end or example.child.poll() is not None:
                raise RuntimeError(f'the example does not serve: {example.tail()} {caller.tail()}')
            time.sleep(0.05)


def judge_page(table, api):
    count = 'sum by (rpc_method, error_type, kitex_answer) (rpc_server_call_duration_seconds_count{job="%s"})'
    size = 'sum by (rpc_method) (rpc_server_request_size_bytes_count{job="echo"})'
    below = 'sum by (rpc_method) (rpc_server_call_duration_seconds_bucket{job="echo",le="+Inf"})'
    rate = 'sum by (error_type) (rate(rpc_server_call_duration_seconds_count{job="echo"}[1m])) > bool 0'
    quantile = 'histogram_quantile(0.99, sum by (le) (rpc_server_call_duration_seconds_bucket{job="echo"})) < bool 10'
    queries = {
        'calls by method and error': (count % 'echo', {(METHOD, '', ''): 7, (METHOD, HANDLER, ''): 3}),
        'sizes by method': (size, {(METHOD, '', ''): 10}),
        'buckets by method': (below, {(METHOD, '', ''): 10}),
        'none under way': ('sum by (rpc_method) (rpc_server_active_calls{job="echo"})', {(METHOD, '', ''): 0}),
        'a quantile is a number': (quantile, {('', '', ''): 1}),
        'calls of the example': (count % 'example', {('Greeter/Greet', '', ''): 2, ('Greeter/Greet', '', 'exception'): 1}),
        'a limit of the example': ('kitex_limit_limit{job="example"}', {('', '', ''): 10000}),
        'its state': ('kitex_limit_in_flight{job="example"}', {('', '', ''): 0}),
        'its connections': ('kitex_server_connections{job="example"} < bool 1000', {('', '', ''): 1}),
        'both are up': ('sum(up)', {('', '', ''): 2}),
    }
    for row, (text, wanted) in queries.items():
        found, end = None, time.monotonic() + 20
        while found != wanted and time.monotonic() < end:
            time.sleep(0.2)
            found = query(api, text)
        table.set(row, 'answers', None if found == wanted else f'{text}: {found}, and not {wanted}')
    table.set('a rate', 'answers', None if query(api, rate) is not None else f'{rate}: not understood')


def query(api, text):
    """The answer: values by labels; None while Prometheus does not answer."""
    url = f'http://{api}/api/v1/query?' + urllib.parse.urlencode({'query': text})
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            answer = json.load(response)
    except OSError:
        return None
    labels = ('rpc_method', 'error_type', 'kitex_answer')
    result = answer['data']['result']
    return {tuple(one['metric'].get(label, '') for label in labels): float(one['value'][1]) for one in result}


TARGETS = {'prometheus': run_prometheus, 'otlp': run_otlp}
