import unittest

from steppe_runtime.supervisor.settings import InvalidSettings, read_settings

_VALID = {"STEPPE_RUN_DIR": "/tmp/r", "STEPPE_WORKSPACE": "/tmp", "STEPPE_INSTANCE_ID": "ins_1"}


class SettingsTest(unittest.TestCase):
    def test_valid_settings_are_read(self):
        settings = read_settings({**_VALID, "STEPPE_LIFELINE": "stdin"})
        self.assertEqual((settings.agent_path, settings.has_lifeline), ("/tmp/r/agent.sock", True))
        self.assertFalse(read_settings(_VALID).has_lifeline)

    def test_a_supervisor_is_the_first_only_if_told(self):
        self.assertTrue(read_settings({**_VALID, "STEPPE_SUPERVISOR_START": "first"}).is_first)
        self.assertFalse(read_settings({**_VALID, "STEPPE_SUPERVISOR_START": "again"}).is_first)
        self.assertFalse(read_settings(_VALID).is_first)

    def test_each_error_is_a_sentence(self):
        for fault, word in (
            ({"STEPPE_RUN_DIR": ""}, "STEPPE_RUN_DIR must be set"),
            ({"STEPPE_RUN_DIR": "/tmp/" + "é" * 50}, "too long"),
            ({"STEPPE_WORKSPACE": "/nowhere"}, "not a directory"),
            ({"STEPPE_LIFELINE": "fd3"}, "STEPPE_LIFELINE"),
        ):
            with self.subTest(fault), self.assertRaisesRegex(InvalidSettings, word):
                read_settings({**_VALID, **fault})
