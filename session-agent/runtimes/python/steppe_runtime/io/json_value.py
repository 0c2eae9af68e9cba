"""Turns what user code calls JSON into what JSON can say."""

from __future__ import annotations

import base64
import math

from .frames import encode_json

_MAX_DEPTH = 200


def json_value(data, depth: int = _MAX_DEPTH):
    """NaN and infinities become null, as in JavaScript; unknown objects become their text, bytes base64."""
    if data is None or isinstance(data, (bool, str)):
        return str(data) if isinstance(data, str) else data
    if isinstance(data, int):
        return int(data)
    if isinstance(data, float):
        return float(data) if math.isfinite(data) else None
    if depth == 0:
        return "…"
    if isinstance(data, dict):
        return {_key(key): json_value(item, depth - 1) for key, item in data.items()}
    if isinstance(data, (list, tuple)):
        return [json_value(item, depth - 1) for item in data]
    if isinstance(data, (bytes, bytearray)):
        return base64.b64encode(data).decode("ascii")
    return _foreign(data, depth)


def _key(key) -> str:
    if isinstance(key, str):
        return str(key)
    return encode_json(key) if key is None or isinstance(key, (bool, int, float)) else str(key)


def _foreign(data, depth: int):
    # numpy's scalars and arrays, pandas' too.
    convert = getattr(data, "tolist", None)
    if callable(convert):
        converted = convert()
        if converted is not data:
            return json_value(converted, depth - 1)
    return str(data)
