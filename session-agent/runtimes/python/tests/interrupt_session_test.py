"""Interrupts of real workers, at known places and at random."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import unittest

from tests.session_case import SessionCase


class InterruptTest(SessionCase):
    def test_it_interrupts_all_kinds_of_waiting_and_keeps_memory(self):
        self.run_ok("import asyncio, time, re\nkept = 5")
        for code in (
            "while True: pass",
            "time.sleep(60)",
            "await asyncio.sleep(60)",
            "async def f():\n    await asyncio.sleep(60)\nawait asyncio.gather(f(), f())",
            "asyncio.run(asyncio.sleep(60))",
            "await asyncio.sleep(0)\nwhile True: pass",
            "async def g():\n    while True:\n        yield 1\nasync for _ in g(): pass",
            (
                "q = asyncio.Queue()\n"
                "while True: q.put_nowait(1); q.get_nowait(); await asyncio.sleep(0)"
            ),
            (
                "q = asyncio.Queue()\nasync def f():\n"
                "    while True: q.put_nowait(1); q.get_nowait()\nawait f()"
            ),
            "re.match('(a+)+$', 'a' * 40 + 'b')",
            "n = 7 ** 2_000_000\nwhile True: n * n",
            "import threading; threading.Event().wait()",
            "import queue; queue.Queue().get()",
            "import select; select.select([], [], [])",
            "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()",
            "!sleep 60",
            "import subprocess; subprocess.run(['sleep', '60'])",
            "import os; os.system('sleep 60'); print('after')",
            "import os; os.popen('sleep 60').read()",
            (
                "from multiprocessing import Pool\n"
                "with Pool(2) as pool: pool.map(time.sleep, [60, 60])"
            ),
            (
                "from concurrent.futures import ProcessPoolExecutor\n"
                "with ProcessPoolExecutor(2) as pool: list(pool.map(time.sleep, [60, 60]))"
            ),
            "while True: print('y' * 1000)",
            "class S:\n    def __repr__(self):\n        while True: pass\nS()",
            "while True: display(1)",
            "try:\n    time.sleep(60)\nexcept Exception:\n    pass",
        ):
            with self.subTest(code):
                step = self.agent.start("print('started')\n" + code)
                self.wait_for_output(step, "started")
                time.sleep(0.05)
                outcome = self.agent.finish_interrupted(step)
                self.assertEqual(
                    (outcome.status, outcome.error["name"]), ("interrupted", "KeyboardInterrupt")
                )
                self.assertNotIn("steppe_runtime", "\n".join(outcome.error["traceback"]))
        self.assertEqual(self.run_ok("kept").value, "5")

    def test_a_second_one_interrupts_what_the_code_does_after_the_first(self):
        self.run_ok(
            "import asyncio, time\nfrom concurrent.futures import ThreadPoolExecutor\n"
            "kept = 5\ndef say(text): print(text, flush=True)\n"
            "class Waits:\n    def __enter__(self): pass\n"
            "    def __exit__(self, *_): say('cleans up'); self.wait()"
        )
        for code in (
            (
                "Waits.wait = lambda self: time.sleep(60)\n"
                "with Waits(): say('started'); time.sleep(60)"
            ),
            (
                "Waits.wait = lambda self: pool.shutdown()\npool = ThreadPoolExecutor(2)\n"
                "with Waits(): say('started'); list(pool.map(time.sleep, [60, 60]))"
            ),
            (
                "try:\n    say('started'); await asyncio.sleep(60)\n"
                "finally:\n    say('cleans up'); await asyncio.sleep(60)"
            ),
        ):
            with self.subTest(code):
                step = self.agent.start(code)
                self.wait_for_output(step, "started")
                self.agent.interrupt(step)
                self.wait_for_output(step, "cleans up")
                time.sleep(0.05)
                self.agent.interrupt(step)
                outcome = self.agent.finish(step)
                self.assertEqual(
                    (outcome.status, outcome.error["name"]), ("interrupted", "KeyboardInterrupt")
                )
                self.assertEqual(self.run_ok("kept").value, "5")

    def test_it_reaches_what_the_step_has_started_and_nothing_of_earlier_steps(self):
        self.run_ok(
            "import subprocess, sys\nearlier = subprocess.Popen(['sleep', '60'])\n"
            "says = 'print(\"started\", flush=True); import time; time.sleep(60)'\n"
            "starts = 'import subprocess, sys\\n'\n"
            "starts += f'subprocess.call([sys.executable, \"-c\", {says!r}])'"
        )
        for code in ("says", "starts"):
            start = f"later = subprocess.Popen([sys.executable, '-c', {code}])"
            step = self.agent.start(f"{start}\nearlier.wait()")
            self.wait_for_output(step, "started")
            self.agent.interrupt(step)
            self.assertEqual(self.agent.finish(step).status, "interrupted")
            self.assertEqual(self.run_ok("later.wait(20)").value, "-2")
            self.assertEqual(self.run_ok("earlier.poll() is None").value, "True")
        self.run_ok("earlier.kill(); earlier.wait();")

    def test_an_early_interrupt_is_kept_and_a_late_one_is_dropped(self):
        step = self.agent.start("while True: pass")
        self.agent.interrupt(step)
        self.assertEqual(self.agent.finish(step).status, "interrupted")
        step = self.agent.start("1")
        self.agent.finish(step)
        self.agent.interrupt(step)
        self.assertEqual(self.run_ok("2").value, "2")

    def test_a_short_import_is_completed(self):
        self.write(
            "soon.py", "import time\nprint('importing', flush=True)\ntime.sleep(0.3)\nvalue = 1"
        )
        step = self.agent.start("import soon\nwhile True: pass")
        self.wait_for_output(step, "importing")
        self.agent.interrupt(step)
        self.assertEqual(self.agent.finish(step).status, "interrupted")
        self.assertEqual(self.run_ok("import sys; sys.modules['soon'].value").value, "1")

    def test_an_endless_import_is_interrupted(self):
        self.write("endless.py", "print('importing', flush=True)\nwhile True:\n    pass")
        step = self.agent.start("import endless")
        self.wait_for_output(step, "importing")
        began = time.monotonic()
        self.agent.interrupt(step)
        self.assertEqual(self.agent.finish(step).status, "interrupted")
        self.assertLess(time.monotonic() - began, 1.8)

    def test_an_interrupt_that_a_callback_swallows_is_raised_again(self):
        code = (
            "import time\nclass Slow:\n    def __del__(self):\n"
            "        print('started', flush=True)\n"
            "        time.sleep(60)\ns = Slow()\ndel s\nwhile True: pass"
        )
        step = self.agent.start(code)
        self.wait_for_output(step, "started")
        self.agent.interrupt(step)
        outcome = self.agent.finish(step)
        self.assertEqual((outcome.status, outcome.stderr), ("interrupted", ""))

    def test_tasks_of_the_previous_step_continue(self):
        self.run_ok(
            "import asyncio\nasync def later():\n    await asyncio.sleep(0.3)\n    return 'kept'"
        )
        self.run_ok("task = asyncio.create_task(later())")
        step = self.agent.start("print('started')\nawait asyncio.sleep(60)")
        self.wait_for_output(step, "started")
        self.agent.interrupt(step)
        self.assertEqual(self.agent.finish(step).error["name"], "KeyboardInterrupt")
        self.assertEqual(self.run_ok("await task").value, "'kept'")

    def test_it_does_not_break_a_callback_of_the_loop(self):
        self.run_ok(
            "import asyncio, os, time\n"
            "def resolve(future):\n"
            "    if not future.cancelled():\n"
            "        os.write(1, b'started')\n"
            "        time.sleep(0.3)\n"
            "        future.set_result(None)\n"
            "import types\n"
            "resolve = types.FunctionType(resolve.__code__,"
            " {**globals(), '__name__': 'asyncio.futures'})"
        )
        step = self.agent.start(
            "loop = asyncio.get_running_loop()\nfuture = loop.create_future()\n"
            "loop.call_soon(resolve, future)\nawait future\nawait asyncio.sleep(60)"
        )
        self.wait_for_output(step, "started")
        self.agent.interrupt(step)
        self.assertEqual(self.agent.finish(step).status, "interrupted")
        self.assertEqual([frame for frame in self.agent.frames if frame["type"] == "bgerror"], [])

    def test_a_step_that_cancels_itself_is_not_interrupted(self):
        self.run_failing(
            "import asyncio\nasyncio.current_task().cancel()\nawait asyncio.sleep(0)",
            "CancelledError",
        )

    def test_no_random_interrupt_reaches_the_next_step_under_load(self):
        burners = [
            subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(os.cpu_count() or 1)
        ]
        try:
            self._interrupt_at_random(1000)
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()

    def _interrupt_at_random(self, times: int) -> None:
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        for number in range(times):
            # A new worker now and then, since the first step with an await imports asyncio.
            if number % 50 == 49:
                self.agent.kill()
                self.agent.spawn()
            code = chance.choice(_SHORT_STEPS)
            step = self.agent.start(code)
            time.sleep(chance.random() * (0.03 if number % 50 in (0, 49) else 0.002))
            self.agent.interrupt(step)
            outcome = self.agent.finish(step)
            with self.subTest(code, seed=seed, number=number):
                self.assertIn(outcome.status, ("completed", "interrupted"), outcome.error)
                self.assertIn((outcome.error or {}).get("name"), (None, "KeyboardInterrupt"))
                self.assertEqual(self.run_ok("'next'").value, "'next'")
                self.assertEqual(
                    self.run_ok("import asyncio\nawait asyncio.sleep(0)\n'awaited'").value,
                    "'awaited'",
                )
                self.assertEqual(
                    [frame for frame in self.agent.frames if frame["type"] == "bgerror"], []
                )

    def write(self, name: str, code: str) -> None:
        with open(os.path.join(self.agent.workspace, name), "w") as file:
            file.write(code)


_SHORT_STEPS = (
    "sum(range(2000))\nprint('o')",
    "display(1); 3",
    "await __import__('asyncio').sleep(0)",
    "import asyncio\nawait asyncio.sleep(0.001)",
    "import asyncio\nawait asyncio.wait_for(asyncio.sleep(0), 5)",
    "import asyncio\nasyncio.run(asyncio.sleep(0.0005))",
    (
        "import asyncio\nasync def f():\n"
        "    for _ in range(20): await asyncio.sleep(0)\nawait asyncio.gather(f(), f())"
    ),
    "import asyncio\nasync def g():\n    for i in range(30):\n"
    "        yield i\n        await asyncio.sleep(0)\n"
    "[x async for x in g()]",
)


if __name__ == "__main__":
    unittest.main()
