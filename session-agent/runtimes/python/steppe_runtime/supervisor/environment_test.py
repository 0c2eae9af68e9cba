import os
import sys
import tempfile
import unittest

from steppe_runtime.supervisor.environment import path_to_interpreter, worker_environment


class EnvironmentTest(unittest.TestCase):
    def test_only_known_names_are_inherited(self):
        inherited = {
            "PATH": "/bin",
            "LC_ALL": "C",
            "AWS_SECRET_ACCESS_KEY": "s",
            "STEPPE_RUN_DIR": "/r",
            "TERM": "xterm",
        }
        environment = worker_environment(
            inherited, {"MINE": "1", "STEPPE_INSTANCE_ID": "forged"}, "/w", "ins_1"
        )
        self.assertEqual(
            environment,
            {
                "PATH": path_to_interpreter(sys.executable, "/bin"),
                "LC_ALL": "C",
                "LANG": "C.UTF-8",
                "TERM": "dumb",
                "HOME": "/w",
                "STEPPE_WORKSPACE": "/w",
                "MINE": "1",
                "STEPPE_INSTANCE_ID": "ins_1",
            },
        )

    def test_the_interpreter_is_the_first_python_of_the_path(self):
        with tempfile.TemporaryDirectory() as folder:
            own = os.path.join(folder, "python3")
            self.assertEqual(path_to_interpreter(own, "/nowhere"), f"{folder}:/nowhere")
            os.symlink(sys.executable, own)
            self.assertEqual(
                path_to_interpreter(own, f"/nowhere:{folder}:/bin"), f"/nowhere:{folder}:/bin"
            )
            self.assertEqual(
                path_to_interpreter("/own/python3", f"{folder}:/bin"), f"/own:{folder}:/bin"
            )
