"""
Reads the representations of an object as IPython does: _repr_mimebundle_, then _repr_html_ and
others.
"""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Callable

from .frames import encode_json

_MAX_DEPTH = 200
_MAX_ITEMS_SEARCHED = 1000
_METHODS = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
    "_repr_javascript_": "application/javascript",
    "_repr_pdf_": "application/pdf",
}
MIME_TYPES = tuple(_METHODS.values())
_TEXT_TYPES = {"image/svg+xml", "application/javascript"}
# These types have only text, and most steps end with one of them.
_TEXT_ONLY = {
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    list,
    tuple,
    dict,
    set,
    frozenset,
    range,
    type(None),
}
# Set once the user has registered a function for a type: `offered(value)` gives pairs of a MIME
# type and a function of the value, `printer(value)` one that prints it.
formatters = None
# Objects that have this attribute, such as mocks, make up every attribute.
_CANARY = "_ipython_canary_method_should_not_exist_"


def representations(value, on_error: Callable[[BaseException], None]) -> tuple[dict, dict]:
    """
    Returns the MIME bundle, always with text/plain, and its metadata. A method that raises is
    reported to on_error and left out.
    """
    if formatters is not None:
        return _collect(_offered_by_user(value, on_error), value, on_error)
    if type(value) in _TEXT_ONLY:
        text = _pretty_text if _holds_pretty(value) else plain_text
        return {"text/plain": text(value, on_error)}, {}
    return _collect(_offered(value, on_error), value, on_error)


def _holds_pretty(value) -> bool:
    """True for a list and the like, if an item of it has a pretty text of its own."""
    if not isinstance(value, (list, tuple, dict, set)):
        return False
    items = value.values() if isinstance(value, dict) else value
    types = {type(item) for item in itertools.islice(items, _MAX_ITEMS_SEARCHED)}
    try:
        return any(hasattr(kind, "_repr_pretty_") for kind in types - _TEXT_ONLY)
    except Exception:
        return False


def _collect(offered, value, on_error: Callable[[BaseException], None]) -> tuple[dict, dict]:
    bundle: dict = {}
    metadata: dict = {}
    for key, data, about in offered:
        if data is None or key in bundle:
            continue
        try:
            bundle[key] = mime_data(key, data)
            if about:
                metadata[key] = json_value(about)
        except Exception as error:
            on_error(error)
            bundle.pop(key, None)
    if "text/plain" not in bundle:
        bundle["text/plain"] = _pretty_or_plain(value, on_error)
    return bundle, metadata


def _pretty_or_plain(value, on_error: Callable[[BaseException], None]) -> str:
    if formatters is not None or special_method(value, "_repr_pretty_") is not None:
        return _pretty_text(value, on_error)
    return plain_text(value, on_error)


def _pretty_text(value, on_error: Callable[[BaseException], None]) -> str:
    from .pretty import pretty_text

    try:
        return pretty_text(value)
    except Exception as error:
        on_error(error)
        return plain_text(value, on_error)


def plain_text(value, on_error: Callable[[BaseException], None]) -> str:
    try:
        return repr(value)
    except Exception as error:
        on_error(error)
        name = type(value).__name__
        return f"<{name} object at {id(value):#x}, whose __repr__ raised {type(error).__name__}>"


def mime_data(mime: str, data):
    """
    Text stays text, JSON stays JSON, binary data becomes base64; text for a binary type is base64
    already.
    """
    if mime == "application/json" or mime.endswith("+json") or isinstance(data, (dict, list)):
        return json_value(data)
    if isinstance(data, (bytes, bytearray, memoryview)):
        if mime.startswith("text/") or mime in _TEXT_TYPES or mime.endswith("+xml"):
            return bytes(data).decode("utf-8", "replace")
        return base64.b64encode(data).decode("ascii")
    return data if type(data) is str else str(data)


def mime_items(bundle: dict) -> list[tuple[str, object]]:
    """The items whose key has a `/`: any other key could be taken for one of our own."""
    texts = [(str.__str__(key), data) for key, data in bundle.items() if isinstance(key, str)]
    return [(key, data) for key, data in texts if "/" in key]


def is_bundle(value) -> bool:
    return isinstance(value, dict) and (not value or bool(mime_items(value)))


def special_method(value, name: str):
    """The method, unless `value` is a class or makes up attributes on access."""
    if isinstance(value, type):
        return None
    try:
        if getattr(value, _CANARY, None) is not None:
            return None
        method = getattr(value, name, None)
    except Exception:
        return None
    return method if callable(method) else None


def json_value(data, depth: int = _MAX_DEPTH):
    """
    Converts data to valid JSON. NaN and infinities become null, as in JavaScript, bytes become
    base64, unknown objects their text.
    """
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


def _offered_by_user(value, on_error: Callable[[BaseException], None]):
    for name, show in formatters.offered(value):
        try:
            result = show(value)
        except Exception as error:
            on_error(error)
            continue
        yield name, *(result if _has_metadata(result) else (result, None))
    if type(value) not in _TEXT_ONLY:
        yield from _offered(value, on_error)


def _has_metadata(result) -> bool:
    return isinstance(result, tuple) and len(result) == 2


def _offered(value, on_error: Callable[[BaseException], None]):
    result = _call(value, "_repr_mimebundle_", on_error, include=None, exclude=None)
    bundle, metadata = result if _has_metadata(result) else (result, {})
    if isinstance(bundle, dict):
        for mime, data in mime_items(bundle):
            yield mime, data, metadata.get(mime) if isinstance(metadata, dict) else None
    has_png = isinstance(bundle, dict) and "image/png" in bundle
    for name, mime in _METHODS.items():
        # An image that has a PNG form needs no JPEG.
        if mime == "image/jpeg" and has_png:
            continue
        result = _call(value, name, on_error)
        data, about = result if _has_metadata(result) else (result, None)
        has_png = has_png or (mime == "image/png" and data is not None)
        yield mime, data, about


def _call(value, name: str, on_error: Callable[[BaseException], None], **arguments):
    method = special_method(value, name)
    if method is None:
        return None
    try:
        return method(**arguments)
    except NotImplementedError:
        return None
    except Exception as error:
        on_error(error)
        return None


def _key(key) -> str:
    if isinstance(key, str):
        return str(key)
    return encode_json(key) if key is None or isinstance(key, (bool, int, float)) else str(key)


def _foreign(data, depth: int):
    # For scalars and arrays of numpy and pandas.
    convert = getattr(data, "tolist", None)
    if callable(convert):
        converted = convert()
        if converted is not data:
            return json_value(converted, depth - 1)
    return str(data)
