"""A real supervisor and real workers, with a fake agent at the other end of socket and FIFOs."""

from __future__ import annotations

import base64
import os
import unittest

from tests.session_case import SessionCase


class StepTest(SessionCase):
    def test_state_is_kept_and_the_last_value_is_shown(self):
        self.run_ok("x = 20")
        self.assertEqual(self.run_ok("x += 1; x * 2").value, "42")
        self.assertEqual(self.run_ok("_ + 1").value, "43")
        self.assertIsNone(self.run_ok("x;  # quiet").value)
        self.assertIsNone(self.run_ok("None").value)
        self.assertIsNone(self.run_ok("").value)

    def test_main_is_as_in_a_fresh_interpreter(self):
        names = {"__builtins__", "__doc__", "__loader__", "__name__", "__package__", "__spec__"}
        self.assertEqual(set(eval(self.run_ok("dir()").value)), names)
        self.assertEqual(self.run_ok("__name__").value, "'__main__'")
        self.assertEqual(self.run_ok("import sys; sys.path[0], sys.argv").value, "('', [''])")
        self.assertEqual(self.run_ok("[p for p in sys.path if 'runtimes' in p]").value, "[]")

    def test_classes_of_cells_are_pickled_and_multiprocessing_forks(self):
        self.run_ok(
            "import pickle\nclass P:\n    def __init__(self): self.v = 7\n"
            "p = pickle.loads(pickle.dumps(P()))"
        )
        self.assertEqual(self.run_ok("p.v, type(p) is P").value, "(7, True)")
        self.run_ok(
            "import multiprocessing as mp\nctx = mp.get_context('fork')\n"
            "def sq(n): print('c', n); return n * n"
        )
        outcome = self.run_ok("with ctx.Pool(2) as pool:\n    got = pool.map(sq, [1, 2, 3])\ngot")
        self.assertEqual(outcome.value, "[1, 4, 9]")
        self.assertEqual(sorted(outcome.stdout.split("\n")), ["", "c 1", "c 2", "c 3"])

    def test_imports_of_the_workspace_and_the_directory(self):
        self.run_ok("open('own.py', 'w').write('value = 3')")
        self.assertEqual(self.run_ok("import own; own.value").value, "3")
        self.assertEqual(self.run_ok("import os; os.getcwd() == os.environ['HOME']").value, "True")

    def test_future_imports_stay_in_effect(self):
        self.run_ok("from __future__ import annotations")
        self.assertEqual(
            self.run_ok("def f(a: Missing): ...\nf.__annotations__").value, "{'a': 'Missing'}"
        )

    def test_a_warning_is_shown_in_each_step(self):
        for number in (1, 2):
            outcome = self.run_ok("import warnings; warnings.warn('old')")
            self.assertIn(f"<step {number}>:1: UserWarning: old", outcome.stderr)

    def test_context_variables_are_kept_over_an_await(self):
        self.run_ok("import asyncio, contextvars; v = contextvars.ContextVar('v')")
        self.run_ok("v.set(1); await asyncio.sleep(0); v.set(v.get() + 1);")
        self.run_failing("await asyncio.sleep(0); v.set(v.get() + 1); 1 / 0", "ZeroDivisionError")
        self.assertEqual(self.run_ok("v.get()").value, "3")

    def test_user_code_that_traces_sees_nothing_of_this_program(self):
        self.run_ok(
            "import sys\nseen = []\ndef trace(frame, event, arg):\n"
            "    seen.append(frame.f_code.co_filename)\nsys.settrace(trace)"
        )
        self.run_ok("(lambda: 1)()")
        self.assertEqual(
            self.run_ok("sys.settrace(None); set(seen) - {'<step 2>', '<step 3>'}").value, "set()"
        )

    def test_tracebacks_that_user_code_prints_have_no_frames_of_this_program(self):
        self.run_ok(
            "import logging, traceback\nfrom concurrent.futures import ThreadPoolExecutor\n"
            "class Fails:\n    def __str__(self): return 1 / 0"
        )
        for code in (
            "try: print(Fails())\nexcept Exception: traceback.print_exc()",
            "try: print(Fails())\nexcept Exception: logging.exception('failed')",
            (
                "with ThreadPoolExecutor() as pool:\n    try: pool.submit(str, Fails()).result()\n"
                "    except Exception: traceback.print_exc()"
            ),
            "traceback.print_stack()",
        ):
            with self.subTest(code):
                stderr = self.run_ok(code).stderr
                self.assertIn("<step", stderr)
                self.assertNotIn("steppe_runtime", stderr)

    def test_pasted_code(self):
        self.assertEqual(self.run_ok("\ufeff1").value, "1")
        self.assertEqual(self.run_ok("In [1]: x = 2\n\nIn [2]: x").value, "2")
        error = self.run_failing(">>> y = 0\n>>> 1 / y", "ZeroDivisionError").error
        self.assertEqual(error["traceback"][2], "    1 / y")
        error = self.run_failing("```python\n1\n```", "SyntaxError").error
        self.assertRegex(error["message"], "The code is in a Markdown fence: send only")

    def test_streams_are_separate_and_prompt(self):
        step = self.agent.start(
            "import sys, time\nprint('now', end='')\nprint('e', file=sys.stderr)\ntime.sleep(30)"
        )
        self.wait_for_output(step, "now")
        self.agent.wait(lambda: "e" in self.agent.so_far(step, "stderr"), "stderr")
        self.agent.interrupt(step)
        outcome = self.agent.finish(step)
        self.assertEqual((outcome.stdout, outcome.stderr), ("now", "e\n"))

    def test_output_of_children_and_c_is_captured(self):
        code = (
            "import subprocess, ctypes, os\nsubprocess.run(['echo', 'child'])\n"
            "ctypes.CDLL(None).printf(b'c-level\\n')"
        )
        self.assertEqual(self.run_ok(code).stdout, "child\nc-level\n")
        self.assertEqual(
            self.run_ok("os.write(1, b'\\xff\\xfe raw')\nprint('\\udc80')").stdout,
            "\ufffd\ufffd raw\\udc80\n",
        )
        self.assertEqual(
            self.run_ok("sys = __import__('sys'); sys.stdout.buffer.write(b'bytes');").stdout,
            "bytes",
        )

    def test_ten_megabytes_arrive_whole(self):
        outcome = self.run_ok("for i in range(125_000): print('x' * 79)")
        self.assertEqual(outcome.stdout, ("x" * 79 + "\n") * 125_000)

    def test_env_and_cwd_of_a_step_are_restored(self):
        nasty = "quote ' \" $HOME \n newline é"
        self.assertEqual(
            eval(self.run_ok("import os; os.environ['V']", env={"V": nasty}).value), nasty
        )
        self.assertEqual(self.run_ok("'V' in os.environ").value, "False")
        self.run_ok("os.mkdir('sub')")
        self.assertEqual(self.run_ok("os.path.basename(os.getcwd())", cwd="sub").value, "'sub'")
        self.assertEqual(self.run_ok("os.getcwd() == os.environ['HOME']").value, "True")
        self.run_ok("os.chdir('sub')")
        self.assertEqual(self.run_ok("os.path.basename(os.getcwd())").value, "'sub'")
        self.run_failing("1", "FileNotFoundError", cwd="missing")

    def test_configured_variables_stay_set(self):
        self.agent.tell_worker({"type": "configure", "env": {"LASTS": "a"}})
        self.assertEqual(
            self.run_ok("import os; os.environ['LASTS']", env={"LASTS": "b"}).value, "'b'"
        )
        self.assertEqual(self.run_ok("os.environ['LASTS']").value, "'a'")

    def test_environment_is_an_allow_list(self):
        names = set(eval(self.run_ok("import os; sorted(os.environ)").value))
        self.assertLessEqual(
            names,
            {
                "PATH",
                "LANG",
                "TERM",
                "HOME",
                "TMPDIR",
                "PYTHONPATH",
                "PYTHONUSERBASE",
                "PYTHONUNBUFFERED",
                "STEPPE_WORKSPACE",
                "STEPPE_INSTANCE_ID",
            }
            | {name for name in names if name.startswith("LC_")},
        )

    def test_usage_is_reported(self):
        usage = self.run_ok("import time; time.sleep(0.05)").done["usage"]
        self.assertGreater(usage["duration_ms"], 49)
        self.assertLess(usage["cpu_ms"], 40)
        burnt = self.run_ok(
            "end = time.process_time() + 0.1\nwhile time.process_time() < end: pass"
        ).done["usage"]
        self.assertAlmostEqual(burnt["cpu_ms"], 100, delta=15)
        self.assertGreater(usage["max_rss_bytes"], 5_000_000)

    def test_user_code_that_stops_the_clock_does_not_stop_ours(self):
        self.run_ok(
            "import time; kept = time.perf_counter;"
            " time.perf_counter = lambda: 0.0; time.sleep(0.01)"
        )
        usage = self.run_ok("time.sleep(0.02); time.perf_counter = kept").done["usage"]
        self.assertGreater(usage["duration_ms"], 19)

    def test_a_directory_that_cannot_be_entered_fails_only_its_step(self):
        self.run_ok("kept = 1; import os")
        self.run_failing("1", "UnicodeEncodeError", cwd="\ud800")
        self.run_failing("1", "UnicodeEncodeError", env={"B": "\ud800"})
        self.run_ok("real = os.environ; os.environ = None")
        self.run_failing("1", "AttributeError", env={"A": "b"})
        self.assertEqual(self.run_ok("os.environ = real; kept").value, "1")


class ErrorTest(SessionCase):
    def test_traceback_has_the_source_of_every_step_and_no_frame_of_ours(self):
        self.run_ok("def f():\n    return 1 / 0")
        outcome = self.run_failing("f()", "ZeroDivisionError")
        text = "\n".join(outcome.error["traceback"])
        self.assertIn('File "<step 1>", line 2, in f', text)
        self.assertIn("    return 1 / 0", text)
        self.assertIn('File "<step 2>", line 1, in <module>', text)
        self.assertNotIn("steppe_runtime", text)
        self.assertEqual(outcome.error["message"], "division by zero")

    def test_await_and_chained_errors_are_clean_too(self):
        code = (
            "import asyncio\nasync def g():\n    await asyncio.sleep(0)\n    raise KeyError('k')\n"
        )
        self.run_ok(code)
        outcome = self.run_failing(
            "try:\n    await g()\nexcept KeyError as e:\n    raise ValueError('v') from e",
            "ValueError",
        )
        text = "\n".join(outcome.error["traceback"])
        self.assertIn("KeyError: 'k'", text)
        self.assertIn("direct cause", text)
        self.assertNotIn("steppe_runtime", text)
        self.assertNotIn("base_events", text)

    def test_syntax_errors_have_a_caret(self):
        outcome = self.run_failing("x = 1\ny = = 2", "SyntaxError")
        self.assertIn("y = = 2", outcome.error["traceback"][1])
        self.assertIn("^", outcome.error["traceback"][2])
        self.assertIn("^", self.run_failing("return 5", "SyntaxError").error["traceback"][2])

    def test_the_last_error_is_kept_for_post_mortems(self):
        self.run_failing("def f(local): 1 / 0\nf(7)", "ZeroDivisionError")
        self.assertEqual(
            self.run_ok("import sys; type(sys.last_value).__name__").value, "'ZeroDivisionError'"
        )
        code = "t = sys.last_traceback; (t.tb_frame.f_code.co_name, t.tb_next.tb_frame.f_locals)"
        self.assertEqual(self.run_ok(code).value, "('<module>', {'local': 7})")

    def test_exits_are_caught(self):
        self.run_ok("kept = 1")
        self.assertEqual(
            self.run_failing("import sys; sys.exit(3)", "SystemExit").error["message"], "3"
        )
        self.run_failing("exit()", "SystemExit")
        self.run_failing("quit('bye')", "SystemExit")
        self.assertIn(
            "no keyboard", self.run_failing("input('name? ')", "EOFError").error["message"]
        )
        self.run_failing("import asyncio\nawait asyncio.sleep(0)\nsys.exit(4)", "SystemExit")
        self.assertEqual(self.run_ok("kept").value, "1")

    def test_own_keyboard_interrupt_is_a_failure(self):
        self.run_failing("raise KeyboardInterrupt", "KeyboardInterrupt")
        self.run_failing(
            "import os, signal\nos.kill(os.getpid(), signal.SIGINT)", "KeyboardInterrupt"
        )

    def test_large_and_hostile_errors(self):
        outcome = self.run_failing("raise ValueError('é' * 3_000_000)", "ValueError")
        self.assertLessEqual(len(outcome.error["message"].encode()), 256 * 1024)
        self.assertLessEqual(
            sum(len(line.encode()) + 1 for line in outcome.error["traceback"]), 257 * 1024
        )
        self.run_failing(
            "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E", "E"
        )
        self.run_failing("def r(): r()\nr()", "RecursionError")
        self.assertEqual(self.run_ok("1 + 1").value, "2")


class DisplayTest(SessionCase):
    def test_rich_values_have_text_too(self):
        self.run_ok(
            "class H:\n    def _repr_html_(self): return '<b>h</b>'\n"
            "    def __repr__(self): return 'H!'"
        )
        shown = self.run_ok("display(H(), 5)\nH()").displays
        html = {"text/html": "<b>h</b>", "text/plain": "H!"}
        self.assertEqual([frame["bundle"] for frame in shown], [html, {"text/plain": "5"}, html])
        self.assertEqual([frame["is_main_result"] for frame in shown], [False, False, True])

    def test_mimebundle_binary_and_json(self):
        self.run_ok(
            "class B:\n    def _repr_mimebundle_(self, include=None, exclude=None):\n"
            "        return"
            " {'image/png': b'\\x89P', 'application/json': {'n': float('nan'), 1: (2,)}},"
            " {'image/png': {'width': 9}}"
        )
        (frame,) = self.run_ok("B()").displays
        self.assertEqual(frame["bundle"]["image/png"], base64.b64encode(b"\x89P").decode())
        self.assertEqual(frame["bundle"]["application/json"], {"n": None, "1": [2]})
        self.assertEqual(frame["bundle"]["metadata"], {"image/png": {"width": 9}})

    def test_a_method_that_raises_does_not_fail_the_step(self):
        self.run_ok(
            "class R:\n    def _repr_html_(self): raise ValueError('no html')\n"
            "    def __repr__(self): return 'R!'"
        )
        outcome = self.run_ok("R()")
        self.assertEqual(outcome.displays[0]["bundle"], {"text/plain": "R!"})
        self.assertIn("no html", outcome.stderr)
        self.assertNotIn("steppe_runtime", outcome.stderr)
        self.assertIn(
            "__repr__ raised", self.run_ok("class Q:\n    def __repr__(self): 1/0\nQ()").value
        )

    def test_ipython_display(self):
        self.run_ok("class I:\n    def _ipython_display_(self): display('inner')")
        (frame,) = self.run_ok("I()").displays
        self.assertEqual(
            (frame["bundle"], frame["is_main_result"]), ({"text/plain": "'inner'"}, True)
        )

    def test_keys_that_are_not_types_are_left_out(self):
        code = (
            "_h = display({'type': 'step_ended', 'is_main_result': True, 'text/plain': 'x'},"
            " raw=True, display_id='d')"
        )
        (frame,) = self.run_ok(code).displays
        self.assertEqual(frame["bundle"], {"text/plain": "x", "display_id": "d"})
        self.assertFalse(frame["is_main_result"])
        (frame,) = self.run_ok("display({'type': 'stdout'}, raw=True)").displays
        self.assertEqual(frame["bundle"], {"text/plain": "{'type': 'stdout'}"})

    def test_raw_bundles_are_shown_as_they_are(self):
        (frame,) = self.run_ok("display({'text/html': '<b>'}, raw=True)").displays
        self.assertEqual(frame["bundle"], {"text/html": "<b>"})

    def test_updates_of_display(self):
        self.run_failing("display(1, update=True)", "TypeError")
        first, second, third = self.run_ok(
            "h = display(display_id='d'); h.update(1); display(2, display_id='d', update=True)"
        ).displays
        self.assertEqual(first["bundle"], {"display_id": "d"})
        for frame, text in ((second, "1"), (third, "2")):
            self.assertEqual(
                frame["bundle"], {"text/plain": text, "display_id": "d", "is_update": True}
            )

    def test_pretty_methods_give_the_text(self):
        self.run_ok(
            "class Pretty:\n    def __init__(self, *items): self.items = items\n"
            "    def _repr_pretty_(self, p, cycle):\n"
            "        if cycle: return p.text('…')\n"
            "        with p.group(2, 'P<', '>'):\n"
            "            for item in self.items: p.breakable(' '); p.pretty(item)"
        )
        self.assertEqual(
            self.run_ok("Pretty(1, [Pretty(2)], (), {'k': Pretty()})").value,
            "P< 1 [P< 2>] () {'k': P<>}>",
        )
        self.assertEqual(self.run_ok("p = Pretty(); p.items = [p]; p").value, "P< …>")
        self.assertEqual(
            self.run_ok("[Pretty(1), {'k': (Pretty(),)}]").value, "[P< 1>, {'k': (P<>,)}]"
        )
        self.assertEqual(self.run_ok("{'k': Pretty()}").value, "{'k': P<>}")
        lines = self.run_ok("Pretty(*['x' * 30] * 3)").value.split("\n")
        self.assertEqual(lines, ["P<", *[f"  {'x' * 30!r}"] * 2, f"  {'x' * 30!r}>"])

    def test_large_values_are_cut(self):
        (frame,) = self.run_ok("'y' * 9_000_000").displays
        self.assertEqual(
            (len(frame["bundle"]["text/plain"]), frame["truncated"]), (256 * 1024, True)
        )
        (frame,) = self.run_ok(
            "class L:\n    def _repr_html_(self): return 'z' * 9_000_000\nL()"
        ).displays
        self.assertEqual((list(frame["bundle"]), frame["truncated"]), (["text/plain"], True))
        self.assertRegex(
            frame["bundle"]["text/plain"],
            r"^<.*L object.*>\n\[text/html omitted: the bundle is larger than 8 MiB\]$",
        )


class AsyncTest(SessionCase):
    def test_top_level_await_and_asyncio_run(self):
        self.run_ok("import asyncio\nasync def f(n):\n    await asyncio.sleep(0.01)\n    return n")
        self.assertEqual(self.run_ok("await f(3)").value, "3")
        self.assertEqual(self.run_ok("asyncio.run(f(4))").value, "4")
        self.assertEqual(self.run_ok("await asyncio.gather(f(1), f(2))").value, "[1, 2]")
        self.assertEqual(
            self.run_ok("async def g():\n    yield 8\n[x async for x in g()]").value, "[8]"
        )
        self.assertEqual(
            self.run_ok("loop = asyncio.get_event_loop(); loop.run_until_complete(f(5))").value, "5"
        )
        self.run_ok("loop.close()")
        self.assertEqual(self.run_ok("await f(6)").value, "6")

    def test_the_warning_about_a_dropped_coroutine_names_no_file_of_ours(self):
        self.run_ok("async def fetch(): return 5")
        self.run_ok("fetch()")
        self.assertEqual(
            self.run_ok("1").stderr, "RuntimeWarning: coroutine 'fetch' was never awaited\n"
        )
        self.assertIn(
            "<step 4>:1: UserWarning: mine",
            self.run_ok("import warnings; warnings.warn('mine')").stderr,
        )

    def test_tasks_continue_between_steps_in_the_background(self):
        self.run_ok(
            "import asyncio\nasync def tick():\n"
            "    await asyncio.sleep(0.05)\n    print('tick')\n    return 9"
        )
        self.run_ok("task = asyncio.create_task(tick())")
        self.assertEqual(self.agent.take("background")["text"], "tick\n")
        self.assertEqual(self.run_ok("await task").value, "9")
        self.run_ok("task = asyncio.create_task(tick())")
        outcome = self.run_ok("await asyncio.sleep(0.2); print('mine')")
        self.assertEqual(outcome.stdout, "mine\n")

    def test_failed_and_exiting_tasks_are_background_errors(self):
        self.run_ok(
            "import asyncio, gc, sys\nasync def bad(): raise LookupError('lost')\n"
            "async def leave(): sys.exit(1)"
        )
        self.run_ok("asyncio.create_task(bad());")
        self.run_ok("await asyncio.sleep(0.01); gc.collect();")
        self.assertEqual(self.agent.take("bgerror")["name"], "LookupError")
        self.run_ok("asyncio.create_task(leave());")
        self.assertEqual(self.agent.take("bgerror")["name"], "SystemExit")
        self.assertEqual(self.run_ok("1").value, "1")

    def test_context_variables_are_kept(self):
        self.run_ok(
            "import asyncio, contextvars\nv = contextvars.ContextVar('v', default=0)\nv.set(1);"
        )
        self.assertEqual(self.run_ok("v.get()").value, "1")
        if os.sys.version_info >= (3, 11):
            self.run_ok("await asyncio.sleep(0); v.set(2);")
            self.assertEqual(self.run_ok("v.get()").value, "2")


class ThreadTest(SessionCase):
    def test_threads_of_earlier_steps_are_background(self):
        self.run_ok(
            "import threading, time\ngo = threading.Event()\ndef late():\n"
            "    print('own')\n    go.wait()\n    print('late')\n"
            "t = threading.Thread(target=late); t.start(); time.sleep(0.05)"
        )
        outcome = self.run_ok("go.set(); t.join(); print('second')")
        self.assertEqual(outcome.stdout, "second\n")
        self.assertEqual(self.agent.take("background")["text"], "late\n")

    def test_pool_work_belongs_to_the_step_that_submitted_it(self):
        self.run_ok(
            "from concurrent.futures import ThreadPoolExecutor\n"
            "ex = ThreadPoolExecutor(1)\nex.submit(print, 'a').result()"
        )
        self.assertEqual(self.run_ok("ex.submit(print, 'b').result()").stdout, "b\n")
        self.run_ok(
            "from multiprocessing.pool import ThreadPool\n"
            "pool = ThreadPool(1)\npool.map(print, [1])"
        )
        for call in (
            "map(print, [2])",
            "apply(print, (2,))",
            "starmap(print, [(2,)])",
            "imap(print, [2]).next()",
        ):
            self.assertEqual(self.run_ok(f"pool.{call};").stdout, "2\n", call)

    def test_a_failing_thread(self):
        outcome = self.run_ok(
            "import threading\nt = threading.Thread(target=lambda: 1/0); t.start(); t.join()"
        )
        self.assertRegex(outcome.stderr, r"^Exception in thread Thread-\d+.*:\nTraceback")
        self.assertIn("    t = threading.Thread(target=lambda: 1/0)", outcome.stderr)
        self.assertTrue(outcome.stderr.endswith("\nZeroDivisionError: division by zero\n"))
        self.run_ok(
            "import time\ndef later(): time.sleep(0.05); 1/0\n"
            "threading.Thread(target=later).start()"
        )
        error = self.agent.take("bgerror")
        self.assertEqual(error["name"], "ZeroDivisionError")
        self.assertNotIn("steppe_runtime", "".join(error["traceback"]))


if __name__ == "__main__":
    unittest.main()
