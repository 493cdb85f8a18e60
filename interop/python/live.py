"""thriftpy2, an implementation of Thrift in Python, as client and as server. README.md tells what the cases assert."""

import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
FORMS = ['buffered', 'framed']


class Python:
    """The interpreter of an environment that holds the pinned packages."""

    def __init__(self, bench):
        self.bench, folder = bench, HERE / '.venv'
        self.path = folder / 'bin' / 'python'
        wanted, installed = HERE / 'requirements.txt', folder / 'installed.txt'
        if not installed.exists() or installed.read_text() != wanted.read_text():
            bench.build([bench.tool('python3'), '-m', 'venv', '--clear', folder], HERE)
            bench.build([self.path, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check',
                         '--requirement', wanted], HERE)
            installed.write_text(wanted.read_text())
        self.names = self.run('judge.py', '--names').strip()

    def run(self, program, *arguments, given=None):
        """A program's standard output."""
        command = [str(a) for a in self.command(program, *arguments)]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f'{program} ended with {done.returncode}: {done.stderr[-2000:]}')
        return done.stdout

    def command(self, program, *arguments):
        # -B: nothing is written beside the sources.
        return [self.path, '-B', HERE / program, *arguments]


def ours_calls(bench, python, programs, table, form):
    """Our client, Python server."""
    server = bench.spawn(python.command('server.py', form), 'python-server')
    address = server.wait_line('listening ')
    if address is None:
        return table.set('(server listens)', form, server.tail() or 'it does not')
    client = bench.spawn([programs['interop-client'], '--addr', address, '--transport', form, '--case', python.names],
                         'ours')
    client.end(120)
    results = '\n'.join(json.dumps(line) for line in client.json_lines())
    note(table, form, map(json.loads, python.run('judge.py', given=results).splitlines()))
    server.terminate()
    code = server.end(10)
    table.set('(server ends)', form, None if code == 0 else f'it ended with {code}: {server.tail()}')


def python_calls(bench, python, programs, table, form):
    """Python client, our server."""
    server = bench.spawn([programs['interop-server'], '--addr', '127.0.0.1:0'], 'ours')
    address = server.wait_line('listening ')
    if address is None:
        return table.set('(server listens)', form, server.tail() or 'it does not')
    client = bench.spawn(python.command('client.py', address, form), 'python-client')
    code = client.end(120)
    note(table, form, client.json_lines())
    table.set('(client ends well)', form, None if code == 0 else f'it ended with {code}: {client.tail()}')
    server.terminate()
    code = server.end(20)
    table.set('(server ends well)', form, None if code == 0 else f'it ended with {code}: {server.tail()}')


def note(table, form, lines):
    for line in lines:
        table.set(line['case'], form, None if line['ok'] else line['error'])


def run_python(bench):
    python, programs = Python(bench), bench.cargo_programs('interop')
    for title, calls in (('Python client, our server', python_calls), ('our client, Python server', ours_calls)):
        table = bench.table(title)
        for form in FORMS:
            calls(bench, python, programs, table, form)
        table.show()


TARGETS = {'python': run_python}
