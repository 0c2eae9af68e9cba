import os
import sys
import tempfile
import unittest

from steppe_runtime.packages.module_hooks import repair_interrupted_imports, when_imported


class WhenImportedTest(unittest.TestCase):
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

    def test_an_imported_module_is_passed_at_once(self):
        seen = []
        when_imported("sys", seen.append)
        self.assertEqual(seen, [sys])


class InterruptedImportsTest(unittest.TestCase):
    def test_a_package_is_imported_again_over_the_same_submodules(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        sys.path.insert(0, folder.name)
        self.addCleanup(sys.path.remove, folder.name)
        package = os.path.join(folder.name, "halved")
        os.mkdir(package)
        for name, code in (
            (
                "__init__",
                (
                    "from .inner import *\nimport sys\n"
                    "if not hasattr(sys, 'halved'):\n    raise KeyboardInterrupt\ninner"
                ),
            ),
            ("inner", "class Kept: pass"),
        ):
            with open(os.path.join(package, f"{name}.py"), "w") as file:
                file.write(code)
        for name in ("halved", "halved.inner"):
            self.addCleanup(sys.modules.pop, name, None)
        with self.assertRaises(KeyboardInterrupt):
            __import__("halved")
        kept = sys.modules["halved.inner"].Kept
        sys.halved = True
        self.addCleanup(delattr, sys, "halved")
        with self.assertRaises(NameError):
            __import__("halved")
        repair_interrupted_imports()
        self.assertIs(__import__("halved").Kept, kept)
