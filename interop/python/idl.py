"""The IDL of all peers, and how the Python peer talks: Thrift Binary, strict, over Buffered or Framed."""

import pathlib

import thriftpy2
from thriftpy2.protocol import TBinaryProtocolFactory
from thriftpy2.transport import TBufferedTransportFactory, TFramedTransportFactory

FOLDER = pathlib.Path(__file__).resolve().parent.parent / 'idl'

rich, control, echo, newer = (
    thriftpy2.load(str(FOLDER / f'{stem}.thrift'), module_name=f'{stem}_thrift')
    for stem in ('rich', 'control', 'echo', 'newer')
)

# The Python classes, not those in Cython, so that nothing else than what can be read here talks to us.
TRANSPORTS = {'buffered': TBufferedTransportFactory(), 'framed': TFramedTransportFactory()}
PROTOCOL = TBinaryProtocolFactory(strict_read=True, strict_write=True, strict_decode=True)
