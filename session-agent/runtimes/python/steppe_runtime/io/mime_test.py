import unittest
from unittest import mock

from steppe_runtime.io.mime import is_bundle, json_value, mime_data, mime_items, representations


class MimeTest(unittest.TestCase):
    def setUp(self):
        self.errors = []

    def bundle(self, value) -> dict:
        return representations(value, self.errors.append)[0]

    def test_methods_become_types_and_text_is_added(self):
        class Rich:
            def _repr_html_(self):
                return "<p>"

            def _repr_svg_(self):
                return None

            def _repr_png_(self):
                return b"\x89"

            def _repr_jpeg_(self):
                return b"\xff"

            def _repr_latex_(self):
                raise NotImplementedError

            def __repr__(self):
                return "Rich"

        self.assertEqual(
            self.bundle(Rich()), {"text/html": "<p>", "image/png": "iQ==", "text/plain": "Rich"}
        )
        self.assertEqual(list(self.bundle(Rich)), ["text/plain"])
        self.assertEqual(self.errors, [])

    def test_mocks_and_hostile_objects_have_only_text(self):
        class Hostile:
            def __getattr__(self, name):
                raise RuntimeError(name)

        self.assertEqual(list(self.bundle(mock.MagicMock())), ["text/plain"])
        self.assertEqual(list(self.bundle(Hostile())), ["text/plain"])

    def test_a_failing_repr_is_reported_and_replaced(self):
        class Broken:
            def __repr__(self):
                raise ValueError

        self.assertIn("raised ValueError", self.bundle(Broken())["text/plain"])
        self.assertEqual(len(self.errors), 1)

    def test_data_by_type(self):
        self.assertEqual(mime_data("image/svg+xml", b"<svg/>"), "<svg/>")
        self.assertEqual(mime_data("application/pdf", b"%"), "JQ==")
        self.assertEqual(mime_data("application/vnd.x+json", {"a": (1,)}), {"a": [1]})
        self.assertEqual(mime_data("application/vnd.x.json", {"a": (1,)}), {"a": [1]})

    def test_only_types_are_keys_of_a_bundle(self):
        class Rich:
            def _repr_mimebundle_(self, include, exclude):
                return {"type": "stdout", "seq": 9, "text/html": "<b>", "text/plain": "b", 7: "x"}

        self.assertEqual(self.bundle(Rich()), {"text/html": "<b>", "text/plain": "b"})
        self.assertEqual(mime_items({"is_main_result": True, 1: 2, "a/b": 3}), [("a/b", 3)])
        self.assertEqual(
            [is_bundle(value) for value in ({"a/b": 1, "c": 2}, {}, {"c": 2}, "a/b")],
            [True, True, False, False],
        )

    def test_json_has_all_digits_of_a_key(self):
        self.assertEqual(json_value({10**5000: 10**5000}), {"1" + "0" * 5000: 10**5000})

    def test_json_has_no_nan_and_only_text_keys(self):
        self.assertEqual(json_value({1: float("inf"), None: {2}, "b": b"\0"})["1"], None)
        self.assertEqual(json_value({True: [1.5], "b": b"\0"}), {"true": [1.5], "b": "AA=="})
        endless = []
        endless.append(endless)
        json_value(endless)
