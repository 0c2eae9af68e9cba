import collections
import importlib.util
import unittest

from steppe_runtime.ipython.cells.held_size import held_size

_LIMIT = 1024 * 1024
_HAS_PANDAS = importlib.util.find_spec("pandas") is not None


class Plain:
    def __init__(self, value):
        self.value = value


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class HeldSizeTest(unittest.TestCase):
    def check(self, value, is_held: bool) -> None:
        self.assertEqual(held_size(value, _LIMIT) is not None, is_held, type(value))

    def test_small_values(self):
        pair = collections.namedtuple("pair", "a b")
        for value in (5, "text", [1, {"a": (2, {3})}], pair(1, 2), Plain([1]), Slotted("x"), len):
            self.check(value, True)
        loop: list = []
        loop.append(loop)
        self.check(loop, True)

    def test_large_values(self):
        text = "x" * (_LIMIT + 1)
        for value in (text, [text], {"a": Plain(text)}, Slotted([text]), list(range(100_000))):
            self.check(value, False)

    def test_what_may_hold_anything(self):
        text = "x" * (_LIMIT + 1)
        for value in ((c for c in text), lambda: text, memoryview(text.encode()), text.upper, iter):
            self.check(value, value is iter)

    @unittest.skipUnless(_HAS_PANDAS, "pandas is not installed")
    def test_views_hold_what_they_show(self):
        import numpy
        import pandas

        large = numpy.zeros(1_000_000)
        frame = pandas.DataFrame({"a": large, "b": range(1_000_000)})
        for value in (large, large[:5], frame, frame["a"], [large[:5]], Plain(frame)):
            self.check(value, False)
        small = pandas.DataFrame({"a": [1.5], "b": ["x"], "c": pandas.Timestamp("2020-01-01")})
        for value in (
            numpy.arange(5),
            small,
            small["a"],
            small.index,
            numpy.float64(1),
            small.c[0],
        ):
            self.check(value, True)
