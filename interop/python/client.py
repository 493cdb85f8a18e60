"""A Python client that runs the cases against a server of this project: client.py ADDRESS FORM.

Prints a line of JSON for each case, {"case":NAME,"ok":BOOL,"error":TEXT}.
"""

import json
import sys

from thriftpy2.thrift import TApplicationException, TClient, TException
from thriftpy2.transport import TSocket

import canon
import cases
import idl


class Caller:
    """One connection, and a client of each service on it."""

    def __init__(self, address, form):
        self.address, self.form = address, form
        self.connect()

    def connect(self):
        host, port = self.address.rsplit(':', 1)
        transport = idl.TRANSPORTS[self.form].get_transport(TSocket(host, int(port), socket_timeout=10000))
        transport.open()
        protocol = idl.PROTOCOL.get_protocol(transport)
        self.clients = {name: TClient(service, protocol) for name, service in cases.SERVICES.items()}

    def call(self, service, method, args):
        """How the call ended."""
        try:
            value = getattr(self.clients[service], method)(*args)
        except TApplicationException as error:
            if error.type != TApplicationException.INTERNAL_ERROR:
                # A call that no handler was found for ends the connection, as with Kitex.
                self.connect()
            return 'error', error.type, error.message
        except TException as error:
            return 'exception', type(error).__name__, canon.of_struct(error)
        return cases.returned(service, method, value)

    def take(self, at_least):
        return json.loads(self.clients['ControlSvc'].Take(at_least))


def run(caller, steps):
    """What is wrong with a case, or None."""
    problem = None
    for service, method, args, want in steps:
        got = caller.call(service, method, args)
        if problem is None and not matches(want, got):
            problem = f'{service}.{method}: want {want}, got {got}'[:1000]
    expected = cases.expected_log(steps)
    got = caller.take(len(expected))
    return problem or cases.compare_logs(expected, got, echoes=False)


def matches(want, got):
    if want[0] == 'error':
        return got[:2] == want[:2] and want[2] in got[2]
    return canon.text(want) == canon.text(got)


def main():
    address, form = sys.argv[1:]
    caller = Caller(address, form)
    for name, steps in {**cases.CASES, **cases.OURS_ONLY}.items():
        try:
            problem = run(caller, steps)
        except Exception as error:  # the other cases are to be run too, on a connection that works
            problem = repr(error)
            caller.connect()
        print(json.dumps({'case': name, 'ok': problem is None, 'error': problem}), flush=True)


if __name__ == '__main__':
    main()
