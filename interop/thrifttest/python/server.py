"""A Python server of the two services: server.py PROTOCOL TRANSPORT plain|multiplexed.

Prints `listening HOST:PORT`, and ends on SIGTERM.
"""

import os
import signal
import sys
import threading
import time

from thrift.Thrift import TException
from thrift.TMultiplexedProcessor import TMultiplexedProcessor
from thrift.transport.TSocket import TServerSocket
from thrift.server.TServer import TThreadedServer

from wire import PROTOCOLS, TRANSPORTS
from ThriftTest import SecondService, ThriftTest
from ThriftTest.ttypes import Insanity, Numberz, Xception, Xception2, Xtruct

ECHOES = ['testString', 'testBool', 'testByte', 'testI32', 'testI64', 'testDouble', 'testBinary', 'testStruct', 'testNest', 'testMap',
          'testStringMap', 'testSet', 'testList', 'testEnum', 'testTypedef']


class Handler:
    """ThriftTest."""

    def __getattr__(self, method):
        if method not in ECHOES:
            raise AttributeError(method)
        return lambda thing: thing

    def testVoid(self):
        pass

    def testMapMap(self, hello):
        return {-4: {n: n for n in range(-4, 0)}, 4: {n: n for n in range(1, 5)}}

    def testInsanity(self, argument):
        return {1: {Numberz.TWO: argument, Numberz.THREE: argument}, 2: {Numberz.SIX: Insanity()}}

    def testMulti(self, arg0, arg1, arg2, arg3, arg4, arg5):
        return Xtruct('Hello2', arg0, arg1, arg2)

    def testException(self, arg):
        if arg == 'Xception':
            raise Xception(1001, arg)
        if arg == 'TException':
            raise TException('This is a TException')

    def testMultiException(self, arg0, arg1):
        if arg0 == 'Xception':
            raise Xception(1001, 'This is an Xception')
        if arg0 == 'Xception2':
            raise Xception2(2002, Xtruct('This is an Xception2', 0, 0, 0))
        return Xtruct(arg1, 0, 0, 0)

    def testOneway(self, seconds):
        time.sleep(seconds)


class SecondHandler:
    """SecondService."""

    def blahBlah(self):
        pass

    def secondtestString(self, thing):
        return f'testString("{thing}")'


def processor(multiplexed):
    first = ThriftTest.Processor(Handler())
    if not multiplexed:
        return first
    both = TMultiplexedProcessor()
    both.registerProcessor('ThriftTest', first)
    both.registerProcessor('SecondService', SecondService.Processor(SecondHandler()))
    return both


def main():
    protocol, transport, form = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listener = TServerSocket('127.0.0.1', 0)
    listener.listen()
    print('listening %s:%d' % listener.handle.getsockname(), flush=True)
    server = TThreadedServer(processor(form == 'multiplexed'), listener, TRANSPORTS[transport](), PROTOCOLS[protocol]())
    while True:
        threading.Thread(target=server.handle, args=(listener.accept(),), daemon=True).start()


if __name__ == '__main__':
    main()
