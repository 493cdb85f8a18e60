"""A Python client that runs the cases: client.py VALUES ADDRESS PROTOCOL TRANSPORT plain|multiplexed.

Prints a line of JSON for each case, {"case":NAME,"ok":BOOL,"error":TEXT}.
"""

import json
import math
import sys
import time

from thrift.Thrift import TApplicationException
from thrift.protocol.TMultiplexedProtocol import TMultiplexedProtocol
from thrift.transport.TSocket import TSocket

from wire import PROTOCOLS, TRANSPORTS
from ThriftTest import SecondService, ThriftTest
from ThriftTest.ttypes import Insanity, Numberz, Xception, Xception2, Xtruct, Xtruct2

# A caller that waited for the handler would have waited for a second.
ONEWAY = 0.2


class Wrong(Exception):
    """What is wrong with a case."""


class Caller:
    """One connection, and the clients of it."""

    def __init__(self, address, protocol, transport, multiplexed):
        host, port = address.rsplit(':', 1)
        socket = TSocket(host, int(port))
        socket.setTimeout(10_000)
        self.transport = TRANSPORTS[transport]().getTransport(socket)
        self.transport.open()
        self.protocol, self.multiplexed = PROTOCOLS[protocol]().getProtocol(self.transport), multiplexed
        self.first = ThriftTest.Client(self.named('ThriftTest'))
        self.second = SecondService.Client(self.named('SecondService'))

    def named(self, service):
        return TMultiplexedProtocol(self.protocol, service) if self.multiplexed else self.protocol


def number(text):
    return float(text)


def content(length):
    return bytes((at + at // 256) % 256 for at in range(length))


def nest(fields):
    return Xtruct2(**{**fields, 'struct_thing': Xtruct(**fields['struct_thing'])})


# How a value in the file becomes one of Python's, where it is not one already.
MAKE = {'testDouble': number, 'testBinary': content, 'testStruct': lambda fields: Xtruct(**fields), 'testNest': nest,
        'testMap': dict, 'testStringMap': dict, 'testSet': set}


def same(got, want):
    if isinstance(want, float):
        return math.isnan(got) if math.isnan(want) else (got, math.copysign(1, got)) == (want, math.copysign(1, want))
    return type(got) is type(want) and got == want


def hold(what, got, want):
    if not same(got, want):
        raise Wrong(f'{what}: want {want!r}, got {got!r}'[:800])


def echoes(row, values):
    method = row.split(' ')[0]

    def run(caller):
        for value in values:
            thing = MAKE.get(method, lambda same: same)(value)
            hold(f'{method}({value})'[:200], getattr(caller.first, method)(thing), thing)

    return run


def raised(what, want, call, *args):
    try:
        got = call(*args)
    except want as error:
        return error
    raise Wrong(f'{what}: no {want.__name__}, got {got!r}')


def void(caller):
    hold('testVoid', caller.first.testVoid(), None)


def map_map(caller):
    hold('testMapMap', caller.first.testMapMap(42), {-4: {-4: -4, -3: -3, -2: -2, -1: -1}, 4: {4: 4, 3: 3, 2: 2, 1: 1}})


def insanity(caller):
    xtructs = [Xtruct('Goodbye4', 4, 4, 4), Xtruct('Hello2', 2, 2, 2)]
    crazy = Insanity({Numberz.FIVE: 5, Numberz.EIGHT: 8}, xtructs)
    whoa = caller.first.testInsanity(crazy)
    hold('the keys', {key: set(value) for key, value in whoa.items()}, {1: {Numberz.TWO, Numberz.THREE}, 2: {Numberz.SIX}})
    for key in (Numberz.TWO, Numberz.THREE):
        hold(f'under 1, {key}', whoa[1][key], crazy)
    looney = whoa[2][Numberz.SIX]
    if looney.userMap or looney.xtructs:
        raise Wrong(f'under 2: want nothing, got {looney!r}')


def multi(caller):
    for byte, i32, i64, pairs, enum, user in ((42, 4242, 424242, {1: 'blah', 2: 'thing'}, Numberz.EIGHT, 24),
                                              (74, 0xff00ff, 0xffffffffd0d0, {0: 'abc'}, Numberz.FIVE, 0xf0f0f0),
                                              (1, -123948, -19234123981, {1298: 'fizz', -148: 'buzz'}, Numberz.EIGHT, 81)):
        hold('testMulti', caller.first.testMulti(byte, i32, i64, pairs, enum, user), Xtruct('Hello2', byte, i32, i64))


def exception(caller):
    call = caller.first.testException
    hold('Safe', call('Safe'), None)
    error = raised('Xception', Xception, call, 'Xception')
    hold('Xception', (error.errorCode, error.message), (1001, 'Xception'))
    raised('TException', TApplicationException, call, 'TException')
    hold('success', call('success'), None)


def multi_exception(caller):
    call = caller.first.testMultiException
    error = raised('Xception', Xception, call, 'Xception', 'ignore')
    hold('Xception', (error.errorCode, error.message), (1001, 'This is an Xception'))
    error = raised('Xception2', Xception2, call, 'Xception2', 'ignore')
    hold('Xception2', (error.errorCode, error.struct_thing.string_thing), (2002, 'This is an Xception2'))
    hold('success', call('success', 'foobar').string_thing, 'foobar')


def oneway(caller):
    begin = time.monotonic()
    caller.first.testOneway(1)
    spent = time.monotonic() - begin
    if spent > ONEWAY:
        raise Wrong(f'testOneway took {spent:.3f} s')
    # An answer to the oneway call would be taken for this one's.
    hold('testI32 behind it', caller.first.testI32(-1), -1)


def second(caller):
    hold('blahBlah', caller.second.blahBlah(), None)
    hold('secondtestString', caller.second.secondtestString('foobar'), 'testString("foobar")')
    hold('testString behind it', caller.first.testString('Python'), 'Python')


def cases(values, multiplexed):
    found = {'testVoid': void, **{row: echoes(row, items) for row, items in values.items()}, 'testMapMap': map_map,
             'testInsanity': insanity, 'testMulti': multi, 'testException': exception, 'testMultiException': multi_exception}
    if multiplexed:
        found['SecondService'] = second
    return {**found, 'testOneway': oneway}


def main():
    path, address, protocol, transport, form = sys.argv[1:]
    with open(path, encoding='utf-8') as file:
        values = json.load(file)
    setting = address, protocol, transport, form == 'multiplexed'
    caller = None
    for name, run in cases(values, setting[-1]).items():
        problem = None
        try:
            caller = caller or Caller(*setting)
            run(caller)
        except Exception as error:  # the other cases are to be run too, on a connection that works
            problem, caller = f'{type(error).__name__}: {error}', None
        print(json.dumps({'case': name, 'ok': problem is None, 'error': problem}), flush=True)


if __name__ == '__main__':
    main()
