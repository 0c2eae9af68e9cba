"""`get_ipython().display_formatter`: functions of the user that describe values of a type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..io import mime, pretty

_REQUIRED = object()


class TypeFormatter:
    """The functions for one MIME type, by the type of the value or of one of its bases."""

    enabled = True

    def __init__(self, format_type: str):
        self.format_type = format_type
        self.type_printers: dict[type, Callable] = {}
        # By module and name of a type that may not be imported yet.
        self.deferred_printers: dict[tuple[str, str], Callable] = {}

    def for_type(self, typ: type | str, func: Callable | None = None) -> Callable | None:
        """@returns the function of before. Without `func`, nothing changes."""
        if isinstance(typ, str):
            module, _, name = typ.rpartition(".")
            return self.for_type_by_name(module, name, func)
        before = self.type_printers.get(typ) or self.deferred_printers.get(_path(typ))
        if func is not None:
            self.type_printers[typ] = func
            _take_effect()
        return before

    def for_type_by_name(
        self, type_module: str, type_name: str, func: Callable | None = None
    ) -> Callable | None:
        path = (type_module, type_name)
        before = self.deferred_printers.get(path)
        if func is not None:
            self.deferred_printers[path] = func
            _take_effect()
        return before

    def lookup_by_type(self, typ: type | str) -> Callable:
        if isinstance(typ, str):
            return self.deferred_printers[tuple(typ.rsplit(".", 1))]
        for kind in typ.__mro__:
            found = self.type_printers.get(kind) or self.deferred_printers.get(_path(kind))
            if found is not None:
                return found
        raise KeyError(f"No registered printer for {typ!r}")

    def lookup(self, obj) -> Callable:
        return self.lookup_by_type(type(obj))

    def find(self, value) -> Callable | None:
        try:
            return self.lookup_by_type(type(value)) if self.enabled else None
        except KeyError:
            return None

    def pop(self, typ: type | str, default: Any = _REQUIRED) -> Any:
        path = tuple(typ.rsplit(".", 1)) if isinstance(typ, str) else _path(typ)
        for table, key in ((self.type_printers, typ), (self.deferred_printers, path)):
            if key in table:
                return table.pop(key)
        if default is _REQUIRED:
            raise KeyError(f"No registered value for {typ!r}")
        return default

    def __contains__(self, typ: type | str) -> bool:
        try:
            self.lookup_by_type(typ)
        except KeyError:
            return False
        return True

    def __call__(self, obj):
        bundle, _ = mime.representations(obj, _ignore)
        return bundle.get(self.format_type)


class PlainTextFormatter(TypeFormatter):
    """Its functions get the value, a printer, and whether the value contains itself."""

    _precision = ""

    @property
    def float_precision(self) -> str:
        return self._precision

    @float_precision.setter
    def float_precision(self, given) -> None:
        self._precision = str(given)
        self.float_format = _float_format(self._precision)
        self.pop(float, None)
        if self._precision:
            self.for_type(float, lambda value, p, _cycle: p.text(self.float_format % value))

    float_format = "%r"


class DisplayFormatter:
    def __init__(self):
        self.formatters: dict[str, TypeFormatter] = {
            "text/plain": PlainTextFormatter("text/plain"),
            **{name: TypeFormatter(name) for name in mime.MIME_TYPES},
        }
        self.mimebundle_formatter = TypeFormatter("")
        self.active_types = list(self.formatters)

    @property
    def format_types(self) -> list[str]:
        return list(self.formatters)

    def format(self, obj, include=None, exclude=None) -> tuple[dict, dict]:
        bundle, metadata = mime.representations(obj, _ignore)
        kept = {
            key: data
            for key, data in bundle.items()
            if (not include or key in include) and not (exclude and key in exclude)
        }
        return kept, {key: about for key, about in metadata.items() if key in kept}

    def offered(self, value) -> list[tuple[str, Callable]]:
        """The functions of the user for this value; that for plain text is the printer's."""
        found = [(name, formatter.find(value)) for name, formatter in self.formatters.items()]
        return [(name, show) for name, show in found if show and name != "text/plain"]

    def printer(self, value) -> Callable | None:
        return self.formatters["text/plain"].find(value)


display_formatter = DisplayFormatter()


def _take_effect() -> None:
    mime.formatters = display_formatter
    pretty.printer_of = display_formatter.printer


def _path(kind: type) -> tuple[str, str]:
    return (kind.__module__, kind.__name__)


def _float_format(precision: str) -> str:
    if not precision:
        return "%r"
    if "%" in precision:
        precision % 3.14159
        return precision
    if not precision.isdigit():
        raise ValueError(f"Precision must be int or a format string, not {precision}")
    return f"%.{precision}f"


def _ignore(_error: BaseException) -> None:
    """The value has no such form."""
