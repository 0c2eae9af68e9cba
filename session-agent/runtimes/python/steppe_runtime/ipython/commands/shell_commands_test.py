import unittest

from steppe_runtime.ipython.commands.shell_commands import fill_in, read_command
from steppe_runtime.packages.pip_install import plain_pip_install


class ShellCommandsTest(unittest.TestCase):
    def test_values_are_filled_in(self):
        names = {"name": "n", "d": {"k": 2}, "x": [1, 2, 3]}
        self.assertEqual(
            fill_in("echo {name} $name {d['k'] + 1} {x[:2]} {name!r}", names),
            "echo n n 3 [1, 2] 'n'",
        )
        self.assertEqual(fill_in("echo {{a}}", names), "echo {a}")

    def test_what_belongs_to_the_shell_stays(self):
        for command in (
            "awk '{print $1}' f",
            "echo $HOME ${name}x {1..3}",
            "echo {missing}",
            "find . -exec rm {} \\;",
            'echo {"a": 1} {other}',
            "echo {other:.1f}",
        ):
            self.assertEqual(fill_in(command, {"other": 1}), command)
        self.assertEqual(
            fill_in("awk '{print $x}' $x $$x $$", {"x": 1}), "awk '{print $x}' 1 $x $$"
        )

    def test_lines(self):
        lines = read_command("echo a; echo b >&2")
        self.assertEqual((list(lines), lines.n, lines.s), (["a", "b"], "a\nb", "a b"))

    def test_which_installs_are_plain(self):
        self.assertEqual(plain_pip_install("python3 -m pip install a b"), "install a b")
        self.assertEqual(plain_pip_install("pip -q install a"), "-q install a")
        for command in ("pip list", "pip install a && b", "v/bin/pip install a"):
            self.assertIsNone(plain_pip_install(command))
