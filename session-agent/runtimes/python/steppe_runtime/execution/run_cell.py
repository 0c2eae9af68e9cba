"""Compiles the code of one step and runs it in __main__."""

from __future__ import annotations
import __future__

import ast
import contextvars
import linecache
import sys
from collections import deque
from types import CodeType
from typing import NamedTuple

from ..ipython.cells.cell_syntax import Translation, translate
from .cell_loop import CellLoop
from .cell_source import refuse_long_chains, split_last_value
from .pasted_source import add_hint, clean_source, without_prompts

_FUTURE_FLAGS = 0
for _name in __future__.all_feature_names:
    _FUTURE_FLAGS |= getattr(__future__, _name).compiler_flag
_CO_COROUTINE = 0x80
_MAX_SOURCE_CHARACTERS = 16 * 1024 * 1024


class Cell(NamedTuple):
    statements: CodeType
    last_value: CodeType | None


class ParsedCell(NamedTuple):
    tree: ast.Module
    translation: Translation


class CellRunner:
    """
    `namespace` is the dictionary of __main__. Imports from __future__ stay in effect, as at
    Python's own prompt.
    """

    def __init__(self, namespace: dict, loop: CellLoop, context: contextvars.Context):
        self._namespace = namespace
        self._sources = Sources()
        self._loop = loop
        self._context = context
        self._flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._tracer = None

    def run(self, source: str, filename: str):
        """Returns the value of the last expression, or None. Raises what user code raises."""
        source = clean_source(source)
        self._sources.add(filename, source)
        # A warning that an earlier step has shown is shown again.
        self._namespace.pop("__warningregistry__", None)
        return self._run_source(source, filename, self._context)

    def forget_source(self, filename: str) -> None:
        self._sources.forget(filename)

    def run_inside(self, source: str, filename: str):
        """Runs code that the running cell has as text, in the context of that cell."""
        if filename not in linecache.cache:
            self._sources.add(filename, source)
        return self._run_source(source, filename, None)

    def _run_source(self, source: str, filename: str, context: contextvars.Context | None):
        refuse_long_chains(source)
        try:
            parsed = self._parse(source, filename)
        except SyntaxError as error:
            add_hint(error, source)
            raise
        cell = self._compile(parsed, filename)
        if parsed.translation.is_timed:
            from ..ipython.magics.timing import Stopwatch

            with Stopwatch():
                return self._run(cell, context)
        return self._run(cell, context)

    def _parse(self, source: str, filename: str) -> ParsedCell:
        flags = self._flags | ast.PyCF_ONLY_AST
        try:
            return ParsedCell(
                compile(source, filename, "exec", flags, dont_inherit=True), Translation(source)
            )
        except SyntaxError:
            code = without_prompts(source)
            if code != source:
                self._sources.add(filename, code)
                return self._parse(code, filename)
            translation = translate(source)
            if translation.source == source:
                raise
        # Tracebacks show what the user wrote; of the translation only its syntax error is of use.
        return ParsedCell(
            compile(translation.source, filename, "exec", flags, dont_inherit=True), translation
        )

    def _compile(self, parsed: ParsedCell, filename: str) -> Cell:
        body, last = split_last_value(parsed.tree, parsed.translation.source)
        # A cell that sets which values are shown imports it first.
        if "IPython.core.interactiveshell" in sys.modules:
            from ..ipython.cells.interactivity import choose_values

            body, last = choose_values(body, last)
        statements = compile(body, filename, "exec", self._flags, dont_inherit=True)
        self._flags |= statements.co_flags & _FUTURE_FLAGS
        value = last and compile(last, filename, "eval", self._flags, dont_inherit=True)
        return Cell(statements, value)

    def _run(self, cell: Cell, context: contextvars.Context | None):
        if any(code is not None and code.co_flags & _CO_COROUTINE for code in cell):
            # Importing asyncio creates the loop.
            asyncio = __import__("asyncio")
            if context is None and asyncio._get_running_loop() is not None:
                raise RuntimeError(
                    "code with a top-level await cannot run inside a cell that awaits"
                )
            context = contextvars.copy_context() if context is None else context
            value, error = self._loop.run(lambda: self._run_async(cell), context)
            if error is not None:
                raise error
            return value
        return self._run_sync(cell) if context is None else context.run(self._run_traced, cell)

    def _run_sync(self, cell: Cell):
        exec(cell.statements, self._namespace)
        return cell.last_value and eval(cell.last_value, self._namespace)

    def _run_traced(self, cell: Cell):
        """User code's sys.settrace() does not see, or break, what this program does."""
        try:
            if self._tracer is not None:
                sys.settrace(self._tracer)
            exec(cell.statements, self._namespace)
            return cell.last_value and eval(cell.last_value, self._namespace)
        finally:
            self._tracer = sys.gettrace()
            if self._tracer is not None:
                sys.settrace(None)

    async def _run_async(self, cell: Cell):
        """Returns errors as values, because the loop treats some exceptions of a task specially."""
        value = None
        try:
            for code in cell:
                value = code and eval(code, self._namespace)
                if code and code.co_flags & _CO_COROUTINE:
                    value = await value
            return value, None
        except BaseException as error:
            return None, self._loop.outcome(error)


class Sources:
    """
    Keeps the source of earlier steps for tracebacks and inspect.getsource. Drops the oldest beyond
    16 Mi characters, so that a long session does not grow without limit.
    """

    def __init__(self, max_characters: int = _MAX_SOURCE_CHARACTERS):
        self._max_characters = max_characters
        self._known: deque[tuple[str, int]] = deque()
        self._total = 0

    def add(self, filename: str, source: str) -> None:
        # Lines as Python counts them; str.splitlines() also splits at form feeds and other
        # characters.
        lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        # Without an mtime linecache never looks for a file of that name.
        linecache.cache[filename] = (len(source), None, [line + "\n" for line in lines], filename)
        self._known.append((filename, len(source)))
        self._total += len(source)
        while self._total > self._max_characters and len(self._known) > 1:
            oldest, size = self._known.popleft()
            linecache.cache.pop(oldest, None)
            self._total -= size

    def forget(self, filename: str) -> None:
        self._known = deque(known for known in self._known if known[0] != filename)
        self._total = sum(size for _, size in self._known)
        linecache.cache.pop(filename, None)
