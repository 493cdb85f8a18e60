"""The transports and protocols by their names, and where the generated code lies."""

import os
import sys

from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.protocol.TCompactProtocol import TCompactProtocolFactory
from thrift.protocol.TJSONProtocol import TJSONProtocolFactory
from thrift.transport.TTransport import TBufferedTransportFactory, TFramedTransportFactory

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../gen'))

TRANSPORTS = {'buffered': TBufferedTransportFactory, 'framed': TFramedTransportFactory}
PROTOCOLS = {'binary': TBinaryProtocolFactory, 'compact': TCompactProtocolFactory, 'json': TJSONProtocolFactory}
