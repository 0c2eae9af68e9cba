"""`IPython.core.magic_arguments`: describes the options of a magic as argparse does."""

from __future__ import annotations

import argparse
import shlex

from steppe_runtime.ipython.usage_error import UsageError

_ARGUMENTS = "_steppe_arguments"


class MagicArgumentParser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(message)

    def parse_argstring(self, argstring: str):
        return self.parse_args(shlex.split(argstring))


class _Argument:
    def __init__(self, *names, **options):
        self._names = names
        self._options = options

    def __call__(self, function):
        # Decorators run from the last one to the first one.
        function.__dict__.setdefault(_ARGUMENTS, []).insert(0, self)
        return function

    def add_to(self, parser, group):
        group.add_argument(*self._names, **self._options)
        return group


class argument(_Argument):
    pass


class defaults(_Argument):
    def add_to(self, parser, group):
        parser.set_defaults(**self._options)
        return group


class argument_group(_Argument):
    def add_to(self, parser, group):
        return parser.add_argument_group(*self._names, **self._options)


class kwds(_Argument):
    def add_to(self, parser, group):
        return group


def magic_arguments(name: str | None = None):
    def decorate(function):
        parser = MagicArgumentParser(
            name or function.__name__, description=function.__doc__, add_help=False
        )
        group = parser
        for given in vars(function).get(_ARGUMENTS, []):
            group = given.add_to(parser, group)
        function.parser = parser
        return function

    return decorate


def parse_argstring(magic_function, argstring: str):
    return magic_function.parser.parse_argstring(argstring)
