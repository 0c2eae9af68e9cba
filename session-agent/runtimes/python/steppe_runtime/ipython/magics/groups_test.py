import importlib
import unittest

from steppe_runtime.ipython.magics import groups


class GroupsTest(unittest.TestCase):
    def test_each_file_has_the_magics_that_are_listed(self):
        for kind, listed in groups.KINDS.items():
            for group, names in listed.items():
                module = importlib.import_module(f"steppe_runtime.ipython.magics.{group}")
                self.assertEqual(names.split(), sorted(getattr(module, kind.upper())), group)

    def test_a_name_is_in_one_file(self):
        for kind in groups.KINDS:
            names = groups.names_of(kind)
            self.assertEqual(len(names), len(set(names)))

    def test_each_magic_has_a_description(self):
        for kind in groups.KINDS:
            for name in groups.names_of(kind):
                self.assertTrue(groups.load(kind, name).__doc__, name)
