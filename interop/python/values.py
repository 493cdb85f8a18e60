"""What the cases send: the values of ../kitex/values, made by other means."""

import math
import struct

from thriftpy2.thrift import TType

from idl import rich

EMPTY = {TType.STRING: '', TType.BINARY: b'', TType.LIST: [], TType.SET: [], TType.MAP: {}, TType.BOOL: False}


def filled(kind, **given):
    """A struct in which fields that are not given hold what is empty for their type: 0, '', an empty container."""
    value = kind(**given)
    for spec in kind.thrift_spec.values():
        if spec[1] not in given and getattr(value, spec[1]) is None:
            setattr(value, spec[1], filled(spec[2]) if spec[0] == TType.STRUCT else EMPTY.get(spec[0], 0))
    return value


def full_all_types():
    """A telling value in every field."""
    return rich.AllTypes(
        b=True, y=-7, s=-300, i=70000, l=1 << 40, d=2.5, str='héllo, 世界', bin=b'\x00\xff\xfe\x80',
        li=[1, -2, 3], ls=['a', '', 'ü'], ss=['x', 'y'], msl={'one': 1, 'least': -2**63},
        mili={1: [inner('a', 1), inner('b', 2)], -2: []}, lli=[[1], [], [2, 3]],
        mmb={'m': {1: True, 2: False}, 'empty': {}}, inner=inner('in', 5), tree=tree(2), color=rich.Color.BLUE,
        choice=rich.Choice(text='text'), uid=2**63 - 1, idx={'i': [1, 2]}, linner=[inner('c', 3), inner('', 0)],
        lcolor=[rich.Color.RED, rich.Color.GREEN], lb=[True, False, True], ld=[0.1, -1e300], sl=[-1, 1],
        mcs={rich.Color.RED: 'red'}, lbin=[b'\x01\x02', b'', b'\xc3\x28'], ping=rich.common.Ping(id='ping'),
        ly=[-128, 127], lsi=[[-1, 1], []], z=8, lshort=[-2**15, 2**15 - 1], llong=[-2**63, 0, 2**63 - 1],
        lm=[{'k': 'v'}, {}], lchoice=[rich.Choice(num=1), rich.Choice(inner=inner('chosen', 9))],
        mbin={'b': b'\xff'}, mdouble={'half': 0.5},
    )


def empty_all_types():
    """Zero numbers and empty everything; the union holds `num` 0."""
    return filled(rich.AllTypes, tree=filled(rich.Tree, left=None), choice=rich.Choice(num=0))


def extreme_all_types():
    """The ends of every range, and values too large to be copied lightly."""
    return filled(
        rich.AllTypes, b=True, y=-2**7, s=-2**15, i=-2**31, l=-2**63, d=bits(0x7ff8000000000001),
        str=repeated('世', 12288), bin=counting(70000), li=[i * 7919 for i in range(1000)],
        ls=[repeated('s', 4095), repeated('t', 4096), repeated('u', 4097)], ss=['', repeated('v', 5000)],
        msl={'': 0}, inner=inner(repeated('n', 300), 2**31 - 1), tree=tree(20), color=77,
        choice=rich.Choice(text=repeated('é', 4096)), uid=-2**63,
        ld=[-0.0, math.inf, -math.inf, bits(0x7fefffffffffffff), bits(1)], lbin=[counting(4096), b''], z=2**7 - 1,
    )


def full_keys():
    """Two entries in every map and set."""
    return rich.Keys(
        of_bool={True: 'yes', False: 'no'}, of_byte={-128: 1, 127: 2}, of_i16={-2**15: 1, 2**15 - 1: 2},
        of_i32={-2**31: 'least', 7: 'seven'}, of_i64={-2**63: ['a', 'b'], 0: []}, of_double={-2.5: 'x', 1e100: 'y'},
        of_binary={b'key': 1, b'': 2}, of_enum={1: 10, 10: 1}, of_struct={inner('a', 1): 1, inner('b', 2): 2},
        of_typedef={5: True, 6: False}, bools=[True, False], bytes=[-1, 1], i16s=[-1000, 1000],
        i32s=[-100000, 100000], doubles=[0.25, -0.75], binaries=[b'\xff', b''], enums=[2, 1],
        structs=[inner('c', 3), inner('d', 4)], lists=[[1, 2], []], sets={'s': ['p', 'q'], 't': []},
    )


def plain_opts():
    """The required fields without a default are set, the rest is as it is declared."""
    unset = {name: None for name in ('opt_s', 'opt_i', 'opt_l', 'opt_inner', 'opt_color')}
    return filled(rich.Opts, req_s='required', req_i=-1, **unset)


def set_opts():
    """Every field is set, to something else than its default."""
    return rich.Opts(
        req_s='', req_i=0, opt_s='', opt_i=0, def_s='d', def_i=0, opt_def=0, req_def=0, greet='', names=[], opt_l=[],
        inner=inner('i', 1), opt_inner=inner('', 0), opt_b=False, nil_l=[0], nil_m={'': ''}, opt_color=1, ratio=0.0,
        on=False, color=10, limit=-1, big_id=300, last_id=32767,
    )


def inner(name, n):
    return rich.Inner(name=name, n=n)


def tree(depth):
    """A tree of `depth` levels below its root: `left` goes down, each level has one leaf among its `kids`."""
    if depth == 0:
        return rich.Tree(label='', kids=[])
    return rich.Tree(label='l' * depth, left=tree(depth - 1), kids=[rich.Tree(label='leaf', kids=[])])


def repeated(text, length):
    """`text` again and again, up to `length` bytes."""
    return text * (length // len(text.encode()))


def counting(length):
    """Counts up from 0, modulo 251."""
    return bytes(i % 251 for i in range(length))


def longs(count):
    return [(i - count // 2) << 40 for i in range(count)]


def bits(number):
    return struct.unpack('>d', struct.pack('>Q', number))[0]
