import ast
import glob
import os
import subprocess
import sys
import unittest
from unittest import mock

import supervisor

_OLDER = os.path.expanduser("~/.pyenv/versions/{}.*/bin/python")


class OldPythonTest(unittest.TestCase):
    def test_older_pythons_can_parse_the_entry(self):
        with open(supervisor.__file__) as file:
            ast.parse(file.read(), feature_version=(3, 4))

    def test_older_pythons_are_refused_with_a_sentence(self):
        with (
            mock.patch.object(sys, "version_info", (3, 8, 18)),
            mock.patch.object(sys, "stderr") as stderr,
        ):
            self.assertEqual(supervisor.main(), 78)
        self.assertRegex(
            stderr.write.call_args[0][0], "needs Python 3.9 or later, and .* is 3.8.18\n$"
        )

    def test_installed_older_pythons_print_it(self):
        for version in ("2.7", "3.6", "3.7", "3.8"):
            for python in glob.glob(_OLDER.format(version)):
                with self.subTest(python):
                    ended = subprocess.run(
                        [python, supervisor.__file__], stderr=subprocess.PIPE, env={}
                    )
                    self.assertEqual((ended.returncode, ended.stderr.count(b"\n")), (78, 1))
