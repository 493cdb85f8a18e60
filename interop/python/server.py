"""A Python server of RichSvc and ControlSvc: server.py FORM.

Prints `listening HOST:PORT`, and ends on SIGTERM.
"""

import json
import os
import signal
import sys
import threading
import time

from thriftpy2.server import TThreadedServer
from thriftpy2.thrift import TApplicationException, TProcessor
from thriftpy2.transport import TServerSocket

import cases
import idl
from idl import rich


class Rich:
    """The handlers of RichSvc that do something; the others return their argument."""

    def __getattr__(self, method):
        if not cases.is_echo(method):
            raise AttributeError(method)
        return lambda value: value

    def BaseHello(self, name):
        return f'hello, {name}'

    def BasePing(self, ping):
        pass

    def Nop(self):
        pass

    def Put(self, k, v):
        pass

    def Fire(self, what):
        pass

    def Sum(self, a, b, c):
        return a + b - c

    def Mixed(self, text, numbers, inner, color, yes):
        numbers = ','.join(map(str, numbers))
        return f'{text}|{numbers}|{inner.name}|{int(color)}|{str(yes).lower()}'

    def Fail(self, how):
        if how == 'refused':
            raise rich.common.Refused(why='refused', expires=1 << 40)
        self.FailVoid(how)
        return how

    def FailVoid(self, how):
        if how == 'oops':
            raise rich.Oops(reason='oops', code=-7)
        if how == 'denied':
            raise rich.Denied(who='denied')
        if how == 'error':
            raise TApplicationException(TApplicationException.INTERNAL_ERROR, 'boom')


class Control:
    """ControlSvc, with the log that it hands out."""

    def __init__(self):
        self.log, self.changed = [], threading.Condition()

    def Take(self, at_least):
        with self.changed:
            self.changed.wait_for(lambda: len(self.log) >= at_least, 2)
            fresh, self.log = self.log, []
        return json.dumps(fresh)

    def Sleep(self, ms, text):
        time.sleep(ms / 1000)
        return text

    def note(self, service, method, args):
        entry = {'service': service, 'method': method, 'args': cases.arguments(service, method, args)}
        with self.changed:
            self.log.append(entry)
            self.changed.notify_all()


class Logged:
    """The handlers of a service, each call of which is logged before it runs. A Take is not."""

    def __init__(self, service, handlers, log):
        self.service, self.handlers, self.log = service, handlers, log

    def __getattr__(self, method):
        handler = getattr(self.handlers, method)

        def handle(*args):
            if method != 'Take':
                self.log.note(self.service, method, args)
            return handler(*args)

        return handle


class Begun:
    """A protocol of which the beginning of a message was read already."""

    def __init__(self, protocol, beginning):
        self.protocol, self.beginning = protocol, beginning

    def __getattr__(self, name):
        return getattr(self.protocol, name)

    def read_message_begin(self):
        return self.beginning


class Services:
    """Several services behind one port, told apart by their methods."""

    def __init__(self, control):
        handlers = {'RichSvc': Rich(), 'ControlSvc': control}
        self.processors = {}
        for name, handler in handlers.items():
            service = cases.SERVICES[name]
            processor = TProcessor(service, Logged(name, handler, control))
            self.processors.update({method: processor for method in service.thrift_services})
        self.first = processor

    def process(self, inward, outward):
        beginning = inward.read_message_begin()
        self.processors.get(beginning[0], self.first).process(Begun(inward, beginning), outward)


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listener = TServerSocket('127.0.0.1', 0, client_timeout=None)
    listener.listen()
    print('listening %s:%d' % listener.sock.getsockname(), flush=True)
    server = TThreadedServer(Services(Control()), listener, idl.TRANSPORTS[sys.argv[1]], idl.PROTOCOL)
    while True:
        threading.Thread(target=server.handle, args=(listener.accept(),), daemon=True).start()


if __name__ == '__main__':
    main()
