import linecache
import unittest

from steppe_runtime.execution.run_cell import Sources


class SourcesTest(unittest.TestCase):
    def test_lines_are_counted_as_python_does(self):
        Sources().add("<step test>", "a\x0cb\r\nc\n")
        linecache.checkcache()
        self.assertEqual(linecache.getline("<step test>", 2), "c\n")

    def test_the_oldest_are_forgotten(self):
        sources = Sources(max_characters=10)
        for number in range(4):
            sources.add(f"<step test {number}>", "12345")
        self.assertEqual(
            [bool(linecache.getline(f"<step test {number}>", 1)) for number in range(4)],
            [False, False, True, True],
        )
