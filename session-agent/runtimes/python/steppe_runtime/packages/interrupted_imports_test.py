import os
import sys
import tempfile
import unittest

from steppe_runtime.packages.interrupted_imports import repair_interrupted_imports


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
                "from .inner import *\nimport sys\nif not hasattr(sys, 'halved'):\n    raise KeyboardInterrupt\ninner",
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
