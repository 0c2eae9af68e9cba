import builtins
import unittest

from steppe_runtime.ipython.cells.results import MAX_RESULT_BYTES, Results


class ResultsTest(unittest.TestCase):
    def setUp(self):
        self.results = Results()
        self.addCleanup(self.results.forget_all)

    def test_the_oldest_results_make_room(self):
        for number in range(1, 1_101):
            self.results.hold(number, number)
        self.assertEqual((len(self.results), min(self.results)), (1000, 101))

    def test_the_total_is_limited(self):
        for number in range(1, 40):
            self.results.hold(number, bytes(MAX_RESULT_BYTES - 100))
        self.assertEqual(len(self.results), 16)

    def test_large_results_and_itself_are_not_held(self):
        self.assertFalse(self.results.hold(1, bytes(MAX_RESULT_BYTES)))
        self.assertFalse(self.results.hold(2, self.results))
        with self.assertRaisesRegex(KeyError, "step 1"):
            self.results[1]

    def test_a_value_is_forgotten(self):
        value = [1]
        self.results.hold(1, value)
        self.results.hold(2, [1])
        builtins._1 = value
        self.results.forget(value)
        self.assertEqual((list(self.results), hasattr(builtins, "_1")), ([2], False))
