import sys
import unittest

from steppe_runtime.packages.pip_redirect import redirected_line, redirected_words

_PLACE = "--upgrade --target /w/.steppe/python"
_OPTIONS = _PLACE.split()


class PipRedirectTest(unittest.TestCase):
    def test_shell_lines(self):
        for before, after in (
            ("pip install", " -q toolz 2>/dev/null"),
            ("cd sub && python3 -m pip install", ' "x>=1.3" && echo done'),
            (f"{sys.executable} -m pip install", " x | tail -1"),
            ("if true; then A=1 pip3 install", " x; fi"),
            ("timeout 60 pip -q --no-input install", " x"),
        ):
            self.assertEqual(redirected_line(before + after, _OPTIONS), f"{before} {_PLACE}{after}")

    def test_commands_that_stay_unchanged(self):
        for line in (
            "pip install --user x",
            "pip install x --target=there && ls",
            "v/bin/pip install x",
            ". v/bin/activate && pip install x",
            "echo use pip install",
            "pip list; pipx install x",
        ):
            self.assertEqual(redirected_line(line, _OPTIONS), line)

    def test_words(self):
        self.assertEqual(
            redirected_words(["pip", "install", "x"], _OPTIONS), ["pip", "install", *_OPTIONS, "x"]
        )
        self.assertEqual(
            redirected_words(["pip", "-q", "install"], _OPTIONS),
            ["pip", "-q", "install", *_OPTIONS],
        )
        own = [sys.executable, "-m", "pip", "install"]
        self.assertEqual(redirected_words([*own, "x"], _OPTIONS), [*own, *_OPTIONS, "x"])
        self.assertEqual(
            redirected_words(["sh", "-c", "pip install x"], _OPTIONS)[2], f"pip install {_PLACE} x"
        )
        for words in (
            [*own, "--prefix", "p", "x"],
            ["v/bin/python", *own[1:], "x"],
            ["echo", *own],
            [b"pip", "install"],
        ):
            self.assertEqual(redirected_words(words, _OPTIONS), words)
