import unittest

from steppe_runtime.environment import worker_environment


class EnvironmentTest(unittest.TestCase):
    def test_only_known_names_are_inherited(self):
        inherited = {
            "PATH": "/bin",
            "LC_ALL": "C",
            "AWS_SECRET_ACCESS_KEY": "s",
            "STEPPE_RUN_DIR": "/r",
            "TERM": "xterm",
        }
        environment = worker_environment(inherited, {"MINE": "1", "STEPPE_INSTANCE_ID": "forged"}, "/w", "ins_1")
        self.assertEqual(
            environment,
            {
                "PATH": "/bin",
                "LC_ALL": "C",
                "LANG": "C.UTF-8",
                "TERM": "dumb",
                "HOME": "/w",
                "STEPPE_WORKSPACE": "/w",
                "MINE": "1",
                "STEPPE_INSTANCE_ID": "ins_1",
            },
        )
