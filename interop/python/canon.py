"""Thrift values in JSON, in the form that ../kitex/canon describes, from the types that thriftpy2 keeps beside a struct."""

import hashlib
import json
import math
import struct

from thriftpy2.thrift import TType

LONGEST = 256


def of_struct(value):
    """A struct, or a method's arguments, by IDL names; fields that are not set are absent."""
    fields = {}
    for spec in value.thrift_spec.values():
        kind, name, inner = spec[0], spec[1], spec[2] if len(spec) == 4 else None
        field = getattr(value, name)
        if field is not None:
            fields[name] = of(field, kind, inner)
    return fields


def of(value, kind, inner):
    if kind == TType.STRUCT:
        return of_struct(value)
    if kind in (TType.LIST, TType.SET):
        items = [of(item, *pair(inner)) for item in value]
        return sorted(items, key=text) if kind == TType.SET else items
    if kind == TType.MAP:
        return {key_text(of(key, *pair(inner[0]))): of(item, *pair(inner[1])) for key, item in value.items()}
    if kind == TType.DOUBLE:
        return double(value)
    if kind == TType.BINARY:
        return digest(value) if len(value) > LONGEST else 'hex:' + value.hex()
    if kind == TType.STRING:
        data = value.encode()
        return digest(data) if len(data) > LONGEST else value
    return value


def pair(spec):
    """The type of an element and what that type is made of."""
    return spec if isinstance(spec, tuple) else (spec, None)


def key_text(key):
    return key if isinstance(key, str) else text(key)


def text(canonical):
    return json.dumps(canonical, sort_keys=True, ensure_ascii=False)


def double(value):
    return 'NaN:' + struct.pack('>d', value).hex() if math.isnan(value) else repr(float(value))


def digest(data):
    return f'<{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}>'
