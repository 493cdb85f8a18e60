"""What is called and what must come of it. The names and the calls are those of ../kitex/cases.

A case is a list of steps: service, method, arguments, outcome. The outcomes are ('value', canonical form), ('void',),
('exception', name, fields) and ('error', code, a part of the text).
"""

import canon
import idl
import values
from idl import rich

SERVICES = {
    'RichSvc': idl.rich.RichSvc, 'OtherSvc': idl.echo.OtherSvc, 'EchoSvc': idl.echo.EchoSvc,
    'ControlSvc': idl.control.ControlSvc, 'NewerRichSvc': idl.newer.RichSvc, 'AbsentSvc': idl.newer.AbsentSvc,
}
# Methods that return what they got: a server's log need not repeat it.
ECHOES = {'All', 'Keyed', 'Options', 'Pick', 'Grow', 'Paint', 'Echo'}


def is_echo(method):
    return method in ECHOES or method.startswith('Echo')


def arguments(service, method, args):
    """The canonical form of a method's arguments, by their IDL names."""
    kind = getattr(SERVICES[service], f'{method}_args')
    names = [spec[1] for spec in kind.thrift_spec.values()]
    return canon.of_struct(kind(**dict(zip(names, args, strict=True))))


def returned(service, method, value):
    """The outcome of a method that returned `value`."""
    spec = getattr(SERVICES[service], f'{method}_result').thrift_spec.get(0)
    if spec is None:
        return ('void',)
    return ('value', canon.of(value, spec[0], spec[2] if len(spec) == 4 else None))


def call(method, want, *args, service='RichSvc'):
    return service, method, args, returned(service, method, want)


def echo(method, value):
    return call(method, value, value)


def fails(method, want, *args, service='RichSvc'):
    return service, method, args, want


def after():
    return echo('EchoString', 'after')


OOPS = ('exception', 'Oops', {'reason': 'oops', 'code': -7})
DENIED = ('exception', 'Denied', {'who': 'denied'})
REFUSED = ('exception', 'Refused', {'why': 'refused', 'expires': 1 << 40})

# For both directions.
CASES = {
    'all_types': [echo('All', values.full_all_types())],
    'all_empty': [echo('All', values.empty_all_types())],
    'all_extreme': [echo('All', values.extreme_all_types())],
    'keys': [echo('Keyed', values.full_keys()), echo('Keyed', values.filled(rich.Keys))],
    'base_types': [
        *(echo('EchoBool', v) for v in (True, False)), echo('EchoByte', -2**7), echo('EchoI16', -2**15),
        echo('EchoI32', -2**31), *(echo('EchoI64', v) for v in (-2**63, 2**63 - 1)),
        *(echo('EchoDouble', v) for v in (-0.1, -0.0)), *(echo('EchoString', v) for v in ('héllo, 世界', '')),
        *(echo('EchoBinary', v) for v in (b'\xff\x00\xc3\x28', b'')), echo('EchoTypedef', 1 << 62),
    ],
    'containers': [
        echo('EchoList', values.longs(1000)), echo('EchoList', []),
        echo('EchoSet', ['a', 'b', 'ü']), echo('EchoSet', []),
        echo('EchoMap', {'k': values.inner('v', 1), '': values.inner('', 0)}), echo('EchoMap', {}),
    ],
    'options': [echo('Options', values.plain_opts()), echo('Options', values.set_opts())],
    'union': [
        echo('Pick', rich.Choice(num=-7)), echo('Pick', rich.Choice(text='')),
        echo('Pick', rich.Choice(inner=values.inner('in', 3))),
    ],
    'enum': [echo('Paint', rich.Color.BLUE), echo('Paint', -5)],
    'recursive': [echo('Grow', values.tree(20))],
    'big': [
        step for text in 'aü'
        for step in (echo('EchoString', values.repeated(text, 1 << 20)), echo('EchoBinary', values.counting(1 << 20)))
    ],
    'several_arguments': [
        call('Sum', 2**63 - 9, 2**63 - 1, -1, 7),
        call('Mixed', 't|1,-2|in|10|true', 't', [1, -2], values.inner('in', 3), rich.Color.BLUE, True),
    ],
    'void': [call('Nop', None), call('Put', None, 'key', -2**63)],
    'oneway': [call('Fire', None, 'first'), call('Fire', None, 'second'), after()],
    'extends': [call('BaseHello', 'hello, you', 'you'), call('BasePing', None, rich.common.Ping(id='p'))],
    'exception': [
        fails('Fail', OOPS, 'oops'), fails('Fail', DENIED, 'denied'), fails('Fail', REFUSED, 'refused'),
        call('Fail', 'fine', 'fine'),
    ],
    'exception_void': [
        fails('FailVoid', OOPS, 'oops'), fails('FailVoid', DENIED, 'denied'), call('FailVoid', None, 'fine'),
    ],
    'error': [
        fails('Fail', ('error', 6, 'boom'), 'error'), fails('FailVoid', ('error', 6, 'boom'), 'error'), after(),
    ],
}

# What a Python server does not do as this project's does: it has one service and knows of no panic.
OURS_ONLY = {
    'panic': [fails('Fail', ('error', 6, 'panic'), 'panic'), after()],
    'unknown_method': [fails('Added', ('error', 20, 'Added'), 'x', service='NewerRichSvc'), after()],
    'unknown_service': [fails('Absent', ('error', 20, 'Absent'), 'x', service='AbsentSvc'), after()],
    'fallback': [call('Who', 'other:b', 'b', service='OtherSvc'), call('Hello', 'hello, d', 'd', service='OtherSvc')],
}


def expected_log(steps):
    """The entries that the steps leave in the handlers' log: an unknown method reaches none."""
    return [
        {'service': service, 'method': method, 'args': arguments(service, method, args)}
        for service, method, args, want in steps if want[0] != 'error' or want[1] == 6
    ]


def compare_logs(expected, got, echoes):
    """What is wrong with a log, or None. Calls may have come over several connections, so their order does not count.

    `echoes`: the log has the arguments of all methods, and not only of those whose answers do not carry them.
    """
    if got is None:
        return "the client did not hand on the handlers' log"
    want, have = (sorted(entry_text(entry, echoes) for entry in log) for log in (expected, got))
    return None if want == have else f"the handlers' log is {have}, not {want}"[:1000]


def entry_text(entry, echoes):
    args = entry['args'] if echoes or not is_echo(entry['method']) else None
    return canon.text([entry['service'], entry['method'], args])
