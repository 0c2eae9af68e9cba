import unittest

from steppe_runtime.io.text_limits import cut_lines, cut_text


class TextLimitsTest(unittest.TestCase):
    def test_text_is_cut_between_characters(self):
        self.assertEqual(cut_text("abc", 3), ("abc", False))
        self.assertEqual(cut_text("abcd", 3), ("abc", True))
        self.assertEqual(cut_text("éé", 3), ("é", True))
        self.assertEqual(cut_text("a\udc80b", 100), ("a\udc80b", False))

    def test_first_and_last_lines_are_kept(self):
        lines = [f"line {number}" for number in range(1000)]
        cut = cut_lines(lines, 400)
        self.assertEqual((cut[0], cut[-1]), ("line 0", "line 999"))
        self.assertLess(sum(map(len, cut)), 400)
        self.assertEqual(cut_lines(["a", "b"]), ["a", "b"])

    def test_one_huge_line_is_cut(self):
        self.assertLess(sum(map(len, cut_lines(["head", "x" * 10_000], 400))), 400)
