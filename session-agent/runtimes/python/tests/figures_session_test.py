"""matplotlib in a real worker; skipped where it is not installed."""

from __future__ import annotations

import base64
import importlib.util
import struct
import unittest

from tests.session_case import SessionCase


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "matplotlib is not installed")
class FiguresTest(SessionCase):
    def images(self, code: str, kind: str = "image/png", **options) -> list[str]:
        return [
            frame["bundle"][kind]
            for frame in self.run_ok(code, **options).displays
            if kind in frame["bundle"]
        ]

    def test_figures_are_shown_at_the_end_and_closed(self):
        outcome = self.run_ok(
            "import matplotlib.pyplot as plt\nplt.plot([1, 2]);\nplt.figure(); plt.plot([3]);"
        )
        self.assertEqual(len(outcome.displays), 2)
        self.assertTrue(
            base64.b64decode(outcome.displays[0]["bundle"]["image/png"]).startswith(b"\x89PNG")
        )
        self.assertIn("<Figure size", outcome.displays[0]["bundle"]["text/plain"])
        self.assertEqual(self.run_ok("plt.get_fignums()").value, "[]")
        self.assertEqual(outcome.stderr, "")

    def test_an_empty_figure_is_its_text_alone_and_only_if_it_is_displayed(self):
        shown = self.run_ok("import matplotlib.pyplot as plt\nplt.figure()").displays
        self.assertEqual([list(frame["bundle"]) for frame in shown], [["text/plain"]])
        code = "plt.plot([1]); plt.show(); plt.savefig('saved.png')"
        self.assertEqual(len(self.images(code)), 1)
        self.assertEqual(self.run_ok("plt.figure(); plt.savefig('empty.png');").displays, [])

    def test_show_shows_in_order_with_what_is_displayed(self):
        outcome = self.run_ok(
            "import matplotlib.pyplot as plt\nplt.plot([1]); plt.show()\n"
            "display(1)\nplt.plot([2]); plt.show(); 'end'"
        )
        kinds = ["image/png" in frame["bundle"] for frame in outcome.displays]
        self.assertEqual(kinds, [True, False, True, False])

    def test_a_figure_as_last_value_is_shown_once(self):
        self.assertEqual(
            len(self.images("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nfig")), 1
        )
        self.assertEqual(len(self.images("ax.plot([1, 2]); fig")), 1)

    def test_a_figure_that_is_shown_by_its_method_is_shown_once(self):
        code = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1])\nfig.show()"
        self.assertEqual(len(self.images(code)), 1)
        self.assertEqual(self.run_ok("plt.get_fignums()").value, "[]")

    def test_figures_are_results_where_agg_is_requested(self):
        for request in ("matplotlib.use('Agg')", "matplotlib.use('agg', force=True)"):
            outcome = self.run_ok(
                f"import matplotlib\n{request}\n"
                f"import matplotlib.pyplot as plt\nplt.plot([1]); plt.show()"
            )
            self.assertEqual((len(outcome.displays), outcome.stderr), (1, ""))
        self.assertEqual(len(self.images("plt.plot([2]); plt.savefig('kept.png')")), 1)

    def test_figures_are_results_where_pyplot_is_switched_to_agg(self):
        code = (
            "import matplotlib.pyplot as plt\nplt.switch_backend('agg'); plt.plot([1]); plt.show()"
        )
        self.assertEqual(len(self.images(code)), 1)
        self.assertEqual(len(self.images("plt.plot([2]);")), 1)

    def test_figures_are_results_again_when_the_magic_requests_them(self):
        self.run_ok(
            "import matplotlib.pyplot as plt\n"
            "plt.switch_backend('svg'); plt.plot([1]); plt.show(); plt.close()"
        )
        self.assertEqual(len(self.images("%matplotlib inline\nplt.plot([1]);")), 1)

    def test_figures_are_results_where_the_environment_says_agg(self):
        self.agent.kill()
        self.agent.spawn({"MPLBACKEND": "Agg"})
        self.assertEqual(
            len(self.images("import matplotlib.pyplot as plt\nplt.plot([1]); plt.show()")), 1
        )

    def test_svg_by_magic(self):
        code = (
            "%config InlineBackend.figure_format = 'svg'\n"
            "import matplotlib.pyplot as plt\nplt.plot([1]);"
        )
        self.assertEqual(len(self.images(code, "image/svg+xml")), 1)
        self.assertEqual(
            len(self.images("%config InlineBackend.figure_formats = {'png'}\nplt.plot([1]);")), 1
        )

    def test_several_formats(self):
        self.run_ok(
            "from matplotlib_inline.backend_inline import set_matplotlib_formats\n"
            "set_matplotlib_formats('svg', 'retina')"
        )
        outcome = self.run_ok("import matplotlib.pyplot as plt\nplt.plot([1]);")
        bundle = outcome.displays[0]["bundle"]
        self.assertLessEqual({"image/svg+xml", "image/png"}, set(bundle))
        png = base64.b64decode(bundle["image/png"])
        width, height = struct.unpack(">II", png[16:24])
        size = {"width": width // 2, "height": height // 2}
        self.assertEqual(bundle["metadata"], {"image/png": size})
        self.run_ok("set_matplotlib_formats('jpeg', quality=50)")
        self.assertEqual(len(self.images("plt.plot([1]);", "image/jpeg")), 1)
        self.run_failing("set_matplotlib_formats('gif')", "ValueError")

    def test_a_failed_step_shows_what_it_drew(self):
        outcome = self.run_failing(
            "import matplotlib.pyplot as plt\nplt.plot([1])\n1/0", "ZeroDivisionError"
        )
        self.assertEqual(len(outcome.displays), 1)

    def test_svg_by_environment(self):
        code = "import matplotlib.pyplot as plt\nplt.plot([1]);"
        self.assertIn(
            "<svg", self.images(code, "image/svg+xml", env={"STEPPE_FIGURE_FORMAT": "svg"})[0]
        )

    def test_nothing_of_it_is_loaded_before_it_is_used(self):
        self.assertEqual(
            self.run_ok("import sys; [m for m in sys.modules if 'matplotlib' in m]").value, "[]"
        )
        self.assertEqual(
            self.run_ok("[m for m in sys.modules if 'figure_backend' in m]").value, "[]"
        )


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "matplotlib is not installed")
class PreloadedFiguresTest(FiguresTest):
    def options(self) -> dict:
        return {"preload": "matplotlib.pyplot"}

    def test_nothing_of_it_is_loaded_before_it_is_used(self):
        self.assertEqual(len(self.images("import matplotlib.pyplot as plt\nplt.plot([1]);")), 1)


if __name__ == "__main__":
    unittest.main()
