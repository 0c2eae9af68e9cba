import importlib
import unittest

from steppe_runtime.ipython.magics import groups


class GroupsTest(unittest.TestCase):
    def test_each_file_has_the_magics_that_are_listed(self):
        for table, listed in (("LINE", groups.LINE), ("CELL", groups.CELL)):
            for group, names in listed.items():
                module = importlib.import_module(f"steppe_runtime.ipython.magics.{group}")
                self.assertEqual(names.split(), sorted(getattr(module, table)), group)

    def test_a_name_is_in_one_file(self):
        for listed in (groups.LINE, groups.CELL):
            names = groups.names_of(listed)
            self.assertEqual(len(names), len(set(names)))

    def test_each_magic_has_a_description(self):
        for listed, load in (
            (groups.LINE, groups.load_line_magic),
            (groups.CELL, groups.load_cell_magic),
        ):
            for name in groups.names_of(listed):
                self.assertTrue(load(name).__doc__, name)
