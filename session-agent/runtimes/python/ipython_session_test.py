"""`IPython.display` in a real worker, with IPython where it is installed and without."""

from __future__ import annotations

import importlib.util
import unittest

from session_case import SessionCase


class IPythonDisplayTest(SessionCase):
    def bundles(self, code: str) -> list[dict]:
        return [frame["bundle"] for frame in self.run_ok(code).displays]

    def test_objects_of_ipython_display(self):
        self.run_ok(
            "from IPython.display import display, HTML, Markdown, Image, JSON, SVG, clear_output, update_display"
        )
        first, second = self.bundles("display(HTML('<b>x</b>'), Markdown('# t'))\nclear_output(wait=True)")
        self.assertEqual((first["text/html"], second["text/markdown"]), ("<b>x</b>", "# t"))
        self.assertIn("HTML object", first["text/plain"])
        self.assertEqual(self.bundles("JSON({'a': [1]})")[0]["application/json"], {"a": [1]})
        self.assertEqual(
            self.bundles("SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')")[0]["image/svg+xml"][:4], "<svg"
        )
        png = "import base64; Image(base64.b64decode('iVBORw0KGgo=') + bytes(16), width=5)"
        self.assertEqual(self.bundles(png)[0]["image/png"][:11], "iVBORw0KGgo")

    def test_what_has_an_id_is_updated(self):
        first, second, third = self.bundles(
            "from IPython.display import display, update_display\n"
            "h = display(1, display_id='one'); h.update(2); update_display(3, display_id='one')"
        )
        self.assertEqual(first, {"text/plain": "1", "display_id": "one"})
        self.assertEqual(second, {"text/plain": "2", "display_id": "one", "is_update": True})
        self.assertEqual(third, {"text/plain": "3", "display_id": "one", "is_update": True})
        handle = "h = display(1, display_id=True); len(h.display_id)"
        self.assertEqual(self.bundles(handle)[1]["text/plain"], "32")

    def test_the_package(self):
        self.run_ok("import IPython")
        self.assertIn("text/html", self.bundles("IPython.display.HTML('x')")[0])

    def test_a_cell_that_asks_has_the_shell_and_a_library_has_none(self):
        self.run_ok("from IPython import get_ipython")
        self.assertEqual(self.run_ok("get_ipython().system('echo asked')\n!echo line").stdout, "asked\nline\n")
        self.run_ok("%%writefile asking.py\nimport IPython\ndef ask(): return IPython.get_ipython()")
        self.assertEqual(self.run_ok("import asking; asking.ask() is None").value, "True")

    def test_lines_go_on_when_a_cell_takes_the_name(self):
        self.run_ok("get_ipython = lambda: None")
        self.assertEqual(self.run_ok("x = !echo line\nx").value, "['line']")


if importlib.util.find_spec("IPython"):

    class WithoutIPythonTest(IPythonDisplayTest):
        """Hides the installed one, so that both ways are tried in one environment."""

        def setUp(self):
            super().setUp()
            self.run_ok(
                "import sys, importlib.machinery as m\nclass Hidden(m.PathFinder):\n    @classmethod\n"
                "    def find_spec(cls, name, path=None, target=None):\n"
                "        return None if name.split('.')[0] == 'IPython' else super().find_spec(name, path, target)\n"
                "sys.meta_path[sys.meta_path.index(m.PathFinder)] = Hidden"
            )


if __name__ == "__main__":
    unittest.main()
