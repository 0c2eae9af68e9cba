"""The module `IPython.core.magic` of a worker without IPython: users register magics with it."""

from __future__ import annotations

import builtins

from steppe_runtime.ipython.usage_error import UsageError  # noqa: F401

_KINDS = "_steppe_magic_kinds"


class Magics:
    """Base of classes with the decorator `magics_class`."""

    magics: dict
    shell = None

    def __init__(self, shell=None, **_options):
        self.shell = shell if shell is not None else builtins.get_ipython()
        self.magics = {
            kind: {name: getattr(self, method) for name, method in names.items()}
            for kind, names in type(self).magics.items()
        }

    def parse_options(self, arg_str: str, opt_str: str, *long_opts: str, **options):
        """Returns the options, as attributes, and the rest of the line."""
        import getopt
        import shlex
        from types import SimpleNamespace

        words = shlex.split(arg_str, posix=options.get("posix", True))
        found, rest = getopt.getopt(words, opt_str, list(long_opts))
        values = {name.lstrip("-"): value for name, value in found}
        return SimpleNamespace(**values), rest if options.get("mode") == "list" else " ".join(rest)


def magics_class(cls):
    """Collects the methods that are decorated below."""
    cls.magics = {"line": {}, "cell": {}}
    for parent in reversed(cls.__mro__):
        for method, function in vars(parent).items():
            for kind, name in getattr(function, _KINDS, ()):
                cls.magics[kind][name] = method
    return cls


def _method_decorator(*kinds: str):
    def decorate(given):
        if not callable(given):
            return lambda function: _mark(function, kinds, given)
        return _mark(given, kinds, given.__name__)

    return decorate


def _mark(function, kinds: tuple[str, ...], name: str):
    setattr(function, _KINDS, [(kind, name) for kind in kinds])
    return function


def _function_decorator(kind: str):
    def decorate(given):
        if not callable(given):
            return lambda function: _register(function, kind, given)
        return _register(given, kind, given.__name__)

    return decorate


def _register(function, kind: str, name: str):
    builtins.get_ipython().register_magic_function(function, kind, name)
    return function


line_magic = _method_decorator("line")
cell_magic = _method_decorator("cell")
line_cell_magic = _method_decorator("line", "cell")
register_line_magic = _function_decorator("line")
register_cell_magic = _function_decorator("cell")
register_line_cell_magic = _function_decorator("line_cell")


def needs_local_scope(function):
    """The function gets the names of the cell as `local_ns`."""
    function.needs_local_scope = True
    return function


def no_var_expand(function):
    """`{name}` and `$name` stay as they are."""
    function._ipython_magic_no_var_expand = True
    return function


def output_can_be_silenced(function):
    return function
