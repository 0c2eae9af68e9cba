import os
import signal
import sys
import threading
import unittest

from steppe_runtime.execution.raise_interrupt import raise_interrupt

_CODE = """\
start()
try:
    try:
        {loop}
    finally: seen.append(1)
finally: seen.append(2)
"""
_LOOP_AT = 4


class RaiseInterruptTest(unittest.TestCase):
    def setUp(self):
        before = signal.signal(signal.SIGALRM, lambda _number, frame: raise_interrupt(frame))
        self.addCleanup(signal.signal, signal.SIGALRM, before)

    def test_the_handlers_of_any_place_in_a_loop_run(self):
        for loop in ("while True: pass", "while True: len('')", "for _ in iter(int, 1): pass"):
            code = compile(_CODE.format(loop=loop), "<loop>", "exec")
            for _ in range(20):
                seen = []
                signaller = threading.Thread(target=_signal_in_loop, args=[threading.get_ident()])
                with self.assertRaises(KeyboardInterrupt):
                    exec(code, {"seen": seen, "start": signaller.start})
                signaller.join()
                self.assertEqual(seen, [1, 2], loop)
                self.assertIsNone(sys.gettrace())


def _signal_in_loop(thread: int) -> None:
    while True:
        frame = sys._current_frames()[thread]
        if (frame.f_code.co_filename, frame.f_lineno) == ("<loop>", _LOOP_AT):
            os.kill(os.getpid(), signal.SIGALRM)
            return
