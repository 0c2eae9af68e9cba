import unittest

from steppe_runtime.execution.pasted_source import add_hint, clean_source, without_prompts


class PastedSourceTest(unittest.TestCase):
    def test_a_byte_order_mark_is_skipped(self):
        self.assertEqual(clean_source("\ufeffx = 1"), "x = 1")

    def test_prompts_are_removed(self):
        for pasted, code in (
            (">>> x = 1\n>>> def f():\n...     x\n...\n>>> f()", "x = 1\ndef f():\n    x\n\nf()"),
            ("    >>> x\n    >>> y", "x\ny"),
            ("for x in y:\n...     x", "for x in y:\n    x"),
            (
                "In [1]: x = 1\n\nIn [12]: def f():\n   ...:     x\n   ...:",
                "x = 1\n\ndef f():\n    x\n",
            ),
            ("[ins] In [1]: x", "x"),
            ("if x:\n   ...:     y", "if x:\n    y"),
        ):
            with self.subTest(pasted):
                self.assertEqual(without_prompts(pasted), code)
        self.assertEqual(clean_source("In [1]: x = 2"), "x = 2")

    def test_other_code_stays(self):
        for code in (
            "",
            "x >>> 2",
            "In[1] = 3",
            'f("""\nx\n>>> y\n""")',
        ):
            with self.subTest(code):
                self.assertEqual(without_prompts(clean_source(code)), code)

    def test_a_fence_is_named(self):
        for code, message in (
            ("```python\nx\n```", "The code is in a Markdown fence: send only"),
            ("So:\n```\nx\n```", "bad. The code has a Markdown fence in it: send only"),
            ("x y", "bad"),
        ):
            with self.subTest(code):
                error = SyntaxError("bad")
                add_hint(error, code)
                self.assertTrue(error.msg.startswith(message), error.msg)

    def test_a_cell_magic_below_the_first_line_is_named(self):
        error = SyntaxError("bad", ("<step 1>", 2, 1, "  %%bash -s 1\n"))
        add_hint(error, "# list\n  %%bash -s 1\nls")
        self.assertEqual(error.msg, "%%bash is a cell magic: it must be the first line of the code")
