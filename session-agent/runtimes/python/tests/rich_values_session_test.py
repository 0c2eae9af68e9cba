"""Values of real libraries in a real worker; each test runs if its library is installed."""

from __future__ import annotations

import base64
import importlib.util
import unittest

from tests.session_case import SessionCase


def needs(*modules: str):
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


class RichValuesTest(SessionCase):
    def options(self) -> dict:
        return {"env": {"DISPLAY": ":0", "BROWSER": "/bin/false"}}

    def bundles(self, code: str) -> list[dict]:
        outcome = self.run_ok(code)
        self.assertEqual(outcome.stderr, "")
        return [frame["bundle"] for frame in outcome.displays]

    @needs("pandas")
    def test_tables_of_pandas(self):
        (table,) = self.bundles(
            "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']}); df"
        )
        self.assertIn("<table", table["text/html"])
        self.assertEqual(table["text/plain"], "   a  b\n0  1  x\n1  2  y")
        (column,) = self.bundles("df.a")
        self.assertEqual(column, {"text/plain": "0    1\n1    2\nName: a, dtype: int64"})
        self.assertLess(
            len(self.bundles("pd.DataFrame({'n': range(1_000_000)})")[0]["text/html"]), 20_000
        )
        first, second = self.bundles("h = display(df, display_id='t'); h.update(df.T)")
        self.assertEqual(
            (first["display_id"], second["display_id"], second["is_update"]), ("t", "t", True)
        )

    @needs("numpy")
    def test_numbers_and_arrays_of_numpy(self):
        values = self.bundles(
            "import numpy as np\ndisplay(np.arange(3), np.arange(10**6))\nnp.int64(3) + 1"
        )
        self.assertEqual([list(bundle) for bundle in values], [["text/plain"]] * 3)
        self.assertEqual(values[0]["text/plain"], "array([0, 1, 2])")
        self.assertLess(len(values[1]["text/plain"]), 200)
        self.assertIn("4", values[2]["text/plain"])
        self.assertEqual(self.run_ok("np.float64(2) == 2").status, "completed")

    @needs("PIL")
    def test_images_of_pil(self):
        code = (
            "from PIL import Image\n"
            "for m in ('RGB', 'RGBA', 'L', 'P', '1'): display(Image.new(m, (4, 4)))"
        )
        for picture in self.bundles(code):
            self.assertTrue(base64.b64decode(picture["image/png"]).startswith(b"\x89PNG"))
            self.assertIn("4x4", picture["text/plain"])
        (shown,) = self.bundles("Image.new('RGB', (4, 4)).show()")
        self.assertIn("image/png", shown)

    @needs("sympy")
    def test_formulas_of_sympy(self):
        self.bundles("import sympy as sp\nx = sp.Symbol('x')\nsp.init_printing()")
        (formula,) = self.bundles("sp.sqrt(x) / 2")
        self.assertIn("\\frac{\\sqrt{x}}{2}", formula["text/latex"])
        self.assertEqual(formula["text/plain"], "sqrt(x)/2")

    @needs("plotly")
    def test_figures_of_plotly(self):
        self.bundles("import plotly.graph_objects as go\nfig = go.Figure(go.Bar(y=[2, 3]))")
        (value,) = self.bundles("fig")
        self.assertEqual(value["application/vnd.plotly.v1+json"]["data"][0]["y"], [2, 3])
        self.assertIn("plotly", value["text/html"])
        self.assertIn("Figure(", value["text/plain"])
        (shown,) = self.bundles("fig.show()")
        self.assertEqual(shown["application/vnd.plotly.v1+json"]["data"][0]["type"], "bar")
        self.assertNotIn("text/plain", shown)

    @needs("altair", "pandas")
    def test_charts_of_altair(self):
        self.bundles("import altair as alt, pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})")
        for code in (
            "alt.Chart(df).mark_bar().encode(x='a')",
            "alt.Chart(df).mark_bar().encode(x='a').show()",
        ):
            (chart,) = self.bundles(code)
            (specification,) = [
                data for mime, data in chart.items() if mime.startswith("application/vnd.vegalite")
            ]
            self.assertEqual(specification["mark"]["type"], "bar")
            self.assertIn("vega", chart["text/html"])
            self.assertIn("Chart", chart["text/plain"])

    @needs("tqdm")
    def test_progress_bars_are_passed_on_as_written(self):
        for module in ("tqdm", "tqdm.auto", "tqdm.notebook"):
            outcome = self.run_ok(
                f"from {module} import tqdm, trange\n"
                f"for _ in tqdm(range(3)): pass\nfor _ in trange(4): pass"
            )
            self.assertIn("\r", outcome.stderr)
            self.assertRegex(outcome.stderr, r"(?s)3/3.*4/4")


if __name__ == "__main__":
    unittest.main()
