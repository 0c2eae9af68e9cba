import os
import signal
import sys
import unittest

from steppe_runtime.execution.interrupts import Interrupts, UninterruptedLock
from steppe_runtime.worker.interrupt_request import InterruptRequest


class InterruptsTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        self.interrupt_request = InterruptRequest()
        self.interrupts = Interrupts(self.interrupt_request, user_code=_run_user_code.__code__)
        self.addCleanup(setattr, sys, "unraisablehook", sys.unraisablehook)
        self.interrupts.install()

    def send(self, step_id: str) -> None:
        self.interrupt_request.send(step_id)
        os.kill(os.getpid(), signal.SIGINT)

    def test_it_is_raised_once_in_its_step(self):
        self.interrupts.arm("a")
        with self.assertRaises(KeyboardInterrupt):
            self.send("a")
        self.send("a")
        self.assertTrue(self.interrupts.fired)

    def test_it_is_raised_again_in_user_code(self):
        self.interrupts.arm("a")
        with self.assertRaises(KeyboardInterrupt):
            self.send("a")
        with self.assertRaises(KeyboardInterrupt):
            _run_user_code(lambda: self.send("a"))

    def test_it_is_ignored_in_other_steps_and_while_idle(self):
        self.send("a")
        self.interrupts.arm("b")
        self.send("a")
        self.interrupts.disarm()
        self.send("b")
        self.assertFalse(self.interrupts.fired)

    def test_an_early_interrupt_is_raised_when_its_step_begins(self):
        self.send("a")
        with self.assertRaises(KeyboardInterrupt):
            self.interrupts.arm("a")

    def test_its_signal_may_come_at_any_line_of_arming(self):
        line = 0
        passed = []
        while len(passed) >= line:
            line += 1
            passed.clear()
            self.interrupt_request.send(f"step {line}")
            sys.settrace(_signal_at(line, passed))
            try:
                with self.assertRaises(KeyboardInterrupt):
                    self.interrupts.arm(f"step {line}")
            finally:
                sys.settrace(None)
            self.assertTrue(self.interrupts.fired, f"the signal came at line {line}")
            self.interrupts.disarm()
        self.assertGreater(line, 8)

    def test_a_signal_by_user_code_does_not_count_as_the_agents(self):
        self.interrupts.arm("a")
        with self.assertRaises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        self.assertFalse(self.interrupts.fired)

    def test_it_waits_for_the_end_of_a_frame(self):
        steps = []
        self.interrupts.arm("a")
        with self.assertRaises(KeyboardInterrupt), UninterruptedLock(self.interrupts):
            self.send("a")
            steps.append("still whole")
        self.assertEqual(steps, ["still whole"])

    def test_a_replaced_handler_is_restored(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.interrupts.arm("a")
        with self.assertRaises(KeyboardInterrupt):
            self.send("a")


def _run_user_code(code) -> None:
    code()


def _signal_at(line: int, passed: list):
    """
    A trace function that sends SIGINT at that line of `arm`, and collects the lines in `passed`.
    """

    def trace(frame, event, _argument):
        if frame.f_code.co_name != "arm":
            return None
        if event == "line":
            passed.append(frame.f_lineno)
            if len(passed) == line:
                os.kill(os.getpid(), signal.SIGINT)
        return trace

    return trace
