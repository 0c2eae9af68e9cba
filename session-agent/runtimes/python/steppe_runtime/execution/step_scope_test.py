import os
import tempfile
import unittest

from steppe_runtime.execution.step_scope import StepScope


class StepScopeTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(os.chdir, os.getcwd())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.workspace = os.path.realpath(folder.name)
        os.mkdir(os.path.join(self.workspace, "sub"))
        os.chdir(self.workspace)

    def test_variables_and_directory_are_restored(self):
        os.environ["STEPPE_TEST"] = "before"
        self.addCleanup(os.environ.pop, "STEPPE_TEST", None)
        with StepScope({"STEPPE_TEST": "in", "STEPPE_TEST_NEW": "x"}, "sub", self.workspace):
            self.assertEqual(
                (os.environ["STEPPE_TEST"], os.path.basename(os.getcwd())), ("in", "sub")
            )
            del os.environ["STEPPE_TEST_NEW"]
        self.assertEqual((os.environ["STEPPE_TEST"], os.getcwd()), ("before", self.workspace))
        self.assertNotIn("STEPPE_TEST_NEW", os.environ)

    def test_a_directory_that_user_code_chose_is_kept(self):
        with StepScope({}, "sub", self.workspace):
            os.chdir("/")
        self.assertEqual(os.getcwd(), "/")

    def test_a_directory_removed_in_its_step_is_left(self):
        with StepScope({}, "sub", self.workspace):
            os.rmdir(os.path.join(self.workspace, "sub"))
        self.assertEqual(os.getcwd(), self.workspace)

    def test_a_missing_directory_changes_nothing(self):
        with (
            self.assertRaises(FileNotFoundError),
            StepScope({"STEPPE_TEST_NEW": "x"}, "missing", self.workspace),
        ):
            pass
        self.assertNotIn("STEPPE_TEST_NEW", os.environ)
