"""`IPython.display` in a real worker, with an installed IPython and without."""

from __future__ import annotations

import importlib.util
import unittest

from tests.session_case import SessionCase


class IPythonDisplayTest(SessionCase):
    def bundles(self, code: str) -> list[dict]:
        return [frame["bundle"] for frame in self.run_ok(code).displays]

    def test_objects_of_ipython_display(self):
        self.run_ok(
            "from IPython.display import display, HTML, Markdown,"
            " Image, JSON, SVG, clear_output, update_display"
        )
        first, second = self.bundles(
            "display(HTML('<b>x</b>'), Markdown('# t'))\nclear_output(wait=True)"
        )
        self.assertEqual((first["text/html"], second["text/markdown"]), ("<b>x</b>", "# t"))
        self.assertIn("HTML object", first["text/plain"])
        self.assertEqual(self.bundles("JSON({'a': [1]})")[0]["application/json"], {"a": [1]})
        self.assertEqual(
            self.bundles("SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')")[0]["image/svg+xml"][
                :4
            ],
            "<svg",
        )
        png = "import base64; Image(base64.b64decode('iVBORw0KGgo=') + bytes(16), width=5)"
        self.assertEqual(self.bundles(png)[0]["image/png"][:11], "iVBORw0KGgo")

    def test_refused_data(self):
        self.run_ok("from IPython.display import *")
        for code, name in (
            ("Markdown(5)", "TypeError"),
            ("Code(5)", "TypeError"),
            ("JSON(5)", "TypeError"),
            ("Javascript('x', lib=5)", "TypeError"),
            ("update_display(1)", "TypeError"),
            ("Image()", "ValueError"),
            ("Image(b'<svg>', format='svg')", "ValueError"),
            ("Audio()", "ValueError"),
            ("Audio([1, 2])", "ValueError"),
            ("Video(b'x')", "ValueError"),
            ("FileLink('.')", "ValueError"),
        ):
            with self.subTest(code):
                self.run_failing(code, name)

    def test_links_maps_and_progress(self):
        self.run_ok("from IPython.display import *; open('own.txt', 'w').close()")
        (link,) = self.bundles("FileLink('own.txt')")
        self.assertIn("<a href='own.txt' target='_blank'>own.txt</a>", link["text/html"])
        self.assertIn("own.txt</a>", self.bundles("FileLinks('.')")[0]["text/html"])
        (point,) = self.bundles("GeoJSON({'type': 'Point'})")
        self.assertEqual(point["application/geo+json"], {"type": "Point"})
        shown = self.bundles("for n in ProgressBar(2): pass")
        texts = [bundle["text/plain"][-3:] for bundle in shown]
        self.assertEqual(texts, ["0/2", "0/2", "1/2", "2/2"])
        self.assertEqual(len({bundle["display_id"] for bundle in shown}), 1)

    def test_a_value_with_an_id_is_updated(self):
        first, second, third = self.bundles(
            "from IPython.display import display, update_display\n"
            "h = display(1, display_id='one'); h.update(2); update_display(3, display_id='one')"
        )
        self.assertEqual(first, {"text/plain": "1", "display_id": "one"})
        self.assertEqual(second, {"text/plain": "2", "display_id": "one", "is_update": True})
        self.assertEqual(third, {"text/plain": "3", "display_id": "one", "is_update": True})
        handle = "h = display(1, display_id=True); len(h.display_id)"
        self.assertEqual(self.bundles(handle)[1]["text/plain"], "32")

    def test_a_single_form(self):
        self.run_ok("from IPython.display import display_html, display_markdown, display_png, HTML")
        first, second, third = self.bundles(
            "display_html('<b>x</b>', raw=True); display_html(HTML('<i>'), 5)"
        )
        self.assertEqual(
            (first["text/html"], second["text/html"], third),
            ("<b>x</b>", "<i>", {"text/plain": "5"}),
        )
        self.assertEqual(
            self.bundles("display_markdown('# t', raw=True)")[0]["text/markdown"], "# t"
        )
        self.assertEqual(
            self.bundles("display_png(b'\\x89PNG', raw=True)")[0]["image/png"], "iVBORw=="
        )

    def test_urls_are_not_fetched(self):
        self.run_ok("from IPython.display import Image, Audio, IFrame, Video, YouTubeVideo")
        address = "http://127.0.0.1:9/x.png"
        shown = self.bundles(f"Image(url={address!r}, width=5)")[0]["text/html"]
        self.assertEqual(shown, f'<img src="{address}" width="5"/>')
        self.run_failing(f"Image(url={address!r}, embed=True)", "URLError")
        self.assertIn(
            'src="http://127.0.0.1:9/x.wav"',
            self.bundles("Audio(url='http://127.0.0.1:9/x.wav')")[0]["text/html"],
        )
        video = self.bundles("Video('http://127.0.0.1:9/x.webm', width=5)")[0]["text/html"]
        self.assertIn('src="http://127.0.0.1:9/x.webm"', video)
        self.assertIn('width="5"', video)
        video = self.bundles("YouTubeVideo('abc', start=3)")[0]["text/html"]
        self.assertIn("https://www.youtube.com/embed/abc?start=3", video)

    def test_the_older_modules(self):
        self.run_ok(
            "from IPython.core.display import display, HTML\n"
            "from IPython.core.getipython import get_ipython"
        )
        self.assertEqual(self.bundles("display(HTML('<b>'))")[0]["text/html"], "<b>")
        self.run_ok(
            "import IPython.core.display, IPython.display as"
            " d; assert IPython.core.display.HTML is d.HTML"
        )

    def test_the_package(self):
        self.run_ok("import IPython")
        self.assertIn("text/html", self.bundles("IPython.display.HTML('x')")[0])

    def test_a_cell_gets_the_shell_and_a_library_gets_none(self):
        self.run_ok("from IPython import get_ipython")
        self.assertEqual(
            self.run_ok("get_ipython().system('echo called')\n!echo line").stdout, "called\nline\n"
        )
        self.run_ok(
            "%%writefile requesting.py\nimport IPython\ndef request(): return IPython.get_ipython()"
        )
        self.assertEqual(
            self.run_ok("import requesting; requesting.request() is None").value, "True"
        )

    def test_magic_lines_work_when_a_cell_reuses_the_name(self):
        self.run_ok("get_ipython = lambda: None")
        self.assertEqual(self.run_ok("x = !echo line\nx").value, "['line']")


@unittest.skipIf(importlib.util.find_spec("IPython"), "its own needs numpy for samples")
class OwnAudioTest(SessionCase):
    def test_samples_are_a_wave_file(self):
        code = (
            "import base64, io, wave\nfrom IPython.display import Audio\n"
            "a = Audio([0, 0.5, -1], rate=8000); a"
        )
        self.assertIn(
            "data:audio/wav;base64,UklGR", self.run_ok(code).displays[0]["bundle"]["text/html"]
        )
        read = (
            "f = wave.open(io.BytesIO(a.data)); (f.getframerate(),"
            " f.getnframes(), f.readframes(3).hex())"
        )
        self.assertEqual(self.run_ok(read).value, "(8000, 3, '0000ff3f0180')")


if importlib.util.find_spec("IPython"):

    class WithoutIPythonTest(IPythonDisplayTest):
        """Hides an installed IPython, so that both variants are tested in one environment."""

        def setUp(self):
            super().setUp()
            self.run_ok(
                "import sys, importlib.machinery as m\n"
                "class Hidden(m.PathFinder):\n    @classmethod\n"
                "    def find_spec(cls, name, path=None, target=None):\n"
                "        return None if name.split('.')[0] == 'IPython'"
                " else super().find_spec(name, path, target)\n"
                "sys.meta_path[sys.meta_path.index(m.PathFinder)] = Hidden"
            )


if __name__ == "__main__":
    unittest.main()
