import os
import sys
import tempfile
import unittest

from steppe_runtime.packages.import_hooks import when_imported


class ImportHooksTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        sys.path.insert(0, folder.name)
        self.addCleanup(sys.path.remove, folder.name)
        self.addCleanup(sys.modules.pop, "hooked_module", None)
        self.path = os.path.join(folder.name, "hooked_module.py")

    def write(self, code: str) -> None:
        with open(self.path, "w") as file:
            file.write(code)

    def test_it_is_called_once_after_the_module_ran(self):
        self.write("value = 1")
        seen = []
        when_imported("hooked_module", lambda module: seen.append(module.value))
        self.assertEqual(seen, [])
        import hooked_module

        self.assertEqual(seen, [1])
        self.assertEqual(type(hooked_module.__loader__).__name__, "SourceFileLoader")
        self.assertNotIn("exec_module", vars(hooked_module.__loader__))

    def test_a_failed_import_is_tried_again(self):
        self.write("1 / 0")
        seen = []
        when_imported("hooked_module", seen.append)
        with self.assertRaises(ZeroDivisionError):
            __import__("hooked_module")
        self.write("value = 22222")
        sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
        self.addCleanup(setattr, sys, "dont_write_bytecode", before)
        __import__("hooked_module")
        self.assertEqual(len(seen), 1)

    def test_one_that_is_there_already_is_taken_at_once(self):
        seen = []
        when_imported("sys", seen.append)
        self.assertEqual(seen, [sys])
