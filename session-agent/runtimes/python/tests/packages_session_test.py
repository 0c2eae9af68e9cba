"""`%pip install` in a real worker, from the test's own index."""

from __future__ import annotations

import functools
import http.server
import os
import sys
import tempfile
import threading
import time
import unittest
import zipfile

from tests.session_case import SessionCase

_WHEEL = "steppe_tiny-1.0-py3-none-any.whl"
_MODULE = """\
value = 'tiny'
version = '{}'
def main(): print(value)
"""


class PackagesTest(SessionCase):
    def serve_index(self) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        project = os.path.join(folder.name, "simple", "steppe-tiny")
        os.makedirs(project)
        write_wheel(os.path.join(project, _WHEEL))
        with open(os.path.join(project, "index.html"), "w") as page:
            page.write(f'<a href="{_WHEEL}">{_WHEEL}</a>')
        handler = functools.partial(_Quiet, directory=folder.name)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}/simple"

    def test_installed_packages_are_in_the_workspace_and_outlive_the_worker(self):
        env = {"PIP_INDEX_URL": self.serve_index()}
        for code in ("%pip install steppe-tiny", "!pip install steppe-tiny"):
            with self.subTest(code):
                outcome = self.run_ok(code, env=env)
                self.assertRegex(outcome.stdout, "Successfully installed|already satisfied")
        self.assertEqual(self.run_ok("import steppe_tiny; steppe_tiny.value").value, "'tiny'")
        self.agent.kill()
        self.agent.spawn()
        place = self.run_ok("import steppe_tiny; steppe_tiny.__file__").value
        self.assertIn(os.path.join(self.agent.workspace, ".steppe"), place)
        child = (
            "import subprocess, sys\n"
            "subprocess.run([sys.executable, '-c', 'import steppe_tiny'], check=True);"
        )
        self.run_ok(child)

    def test_uv_installs_into_the_workspace(self):
        with open(os.path.join(self.agent.workspace, "uv"), "w") as file:
            file.write('#!/bin/sh\necho "$@"\n')
        os.chmod(file.name, 0o700)
        path = f"{self.agent.workspace}:{os.environ['PATH']}"
        outcome = self.run_ok("%uv pip install -q 'a>1'", env={"PATH": path})
        expected = r"^pip install --python \S+ --(prefix|target) \S+ -q a>1\n"
        self.assertRegex(outcome.stdout, expected)

    def test_without_uv_pip_installs(self):
        env = {"PIP_INDEX_URL": self.serve_index(), "PATH": os.defpath}
        outcome = self.run_ok("%uv pip install steppe-tiny", env=env)
        self.assertRegex(outcome.stdout, "Successfully installed")
        self.run_failing("%uv sync", "UsageError", env=env)

    def test_without_egress_it_fails_at_once_with_a_sentence(self):
        # As it is after an earlier install.
        os.makedirs(os.path.join(self.agent.workspace, ".steppe", "python"))
        for index in ("http://127.0.0.1:9/simple", "https://index.invalid/simple"):
            with self.subTest(index):
                began = time.monotonic()
                outcome = self.run_ok(
                    "%pip install steppe-tiny\n_exit_code", env={"PIP_INDEX_URL": index}
                )
                self.assertLess(time.monotonic() - began, 5)
                self.assertEqual(outcome.value, "1")
                self.assertRegex(outcome.stderr, r"^pip: \S+ cannot be reached from this session")
                self.assertEqual(outcome.stderr.count("\n"), 1)

    def test_files_of_the_workspace_need_no_egress(self):
        write_wheel(os.path.join(self.agent.workspace, _WHEEL))
        outcome = self.run_ok(
            f"%pip install ./{_WHEEL}", env={"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
        )
        self.assertIn("Successfully installed", outcome.stdout)
        self.assertEqual(self.run_ok("import steppe_tiny; steppe_tiny.value").value, "'tiny'")

    def test_whatever_pip_a_cell_starts_installs_into_the_workspace(self):
        write_wheel(os.path.join(self.agent.workspace, _WHEEL))
        folder = os.path.join(self.agent.workspace, ".steppe", "python")
        self.run_failing("import steppe_tiny", "ModuleNotFoundError")
        for code in (
            (
                f"import subprocess, sys\n"
                f"subprocess.check_call([sys.executable, '-m', 'pip', 'install', './{_WHEEL}'])"
            ),
            f"%pip install ./{_WHEEL} 2>&1 | tail -n 1",
            f"%pip install ./{_WHEEL}  # it's for nice numbers",
            f"!pip install -q ./{_WHEEL} 2>/dev/null",
            f'!pip install "./{_WHEEL}" && echo done',
            f"import sys\n!{{sys.executable}} -m pip install ./{_WHEEL}",
            f"%%bash\npip install ./{_WHEEL}",
        ):
            with self.subTest(code):
                self.run_ok(code, env={"PIP_NO_INDEX": "1"})
                place = self.run_ok("import sys, steppe_tiny; steppe_tiny.__file__").value
                self.assertIn(folder, place)
                self.run_ok("del sys.modules['steppe_tiny']")
                self.run_ok(f"import shutil; shutil.rmtree({folder!r})")
        self.run_ok(f"!pip install --prefix own ./{_WHEEL}", env={"PIP_NO_INDEX": "1"})
        self.assertFalse(os.path.exists(folder))
        self.assertIn("own", os.listdir(self.agent.workspace))

    def test_another_version_replaces_the_installed_one(self):
        for version in ("2.0", "1.0"):
            wheel = f"steppe_tiny-{version}-py3-none-any.whl"
            write_wheel(os.path.join(self.agent.workspace, wheel), version)
            self.run_ok(f"%pip install ./{wheel}", env={"PIP_NO_INDEX": "1"})
        self.assertEqual(self.run_ok("import steppe_tiny; steppe_tiny.version").value, "'1.0'")

    def test_replacing_an_imported_package_is_noted(self):
        note = (
            "Note: steppe_tiny had been imported before."
            " Restart the interpreter to use the version that is installed now.\n"
        )
        for version, expected in (("1.0", ""), ("2.0", note)):
            wheel = f"steppe_tiny-{version}-py3-none-any.whl"
            write_wheel(os.path.join(self.agent.workspace, wheel), version)
            outcome = self.run_ok(f"%pip install -q ./{wheel}", env={"PIP_NO_INDEX": "1"})
            self.assertEqual(outcome.stdout, expected)
            self.run_ok("import steppe_tiny")

    def test_scripts_of_packages_are_commands(self):
        write_wheel(os.path.join(self.agent.workspace, _WHEEL))
        self.run_ok(f"!pip install -q ./{_WHEEL}", env={"PIP_NO_INDEX": "1"})
        self.assertEqual(self.run_ok("!steppe-tiny").stdout, "tiny\n")
        code = "import subprocess; subprocess.run('steppe-tiny', check=True);"
        self.assertEqual(self.run_ok(code).stdout, "tiny\n")
        # A bound session may bring a PATH of its own.
        self.agent.tell_worker({"type": "configure", "env": {"PATH": "/usr/bin:/bin"}})
        self.assertEqual(self.run_ok("!steppe-tiny").stdout, "tiny\n")

    def test_other_environments_do_not_see_the_packages(self):
        write_wheel(os.path.join(self.agent.workspace, _WHEEL))
        self.run_ok(f"%pip install ./{_WHEEL}", env={"PIP_NO_INDEX": "1"})
        self.run_ok("import sys\n!{sys.executable} -m venv --without-pip other")
        self.run_ok("import subprocess, sys\ncheck = ['-c', 'import steppe_tiny']")
        self.assertEqual(
            self.run_ok("subprocess.run([sys.executable, *check]).returncode").value, "0"
        )
        outcome = self.run_ok("subprocess.run(['other/bin/python', *check]).returncode")
        self.assertEqual(outcome.value, "1")
        self.assertIn("ModuleNotFoundError", outcome.stderr)

    @unittest.skipUnless(sys.prefix == sys.base_prefix, "pip refuses it in virtual environments")
    def test_packages_of_the_user_are_importable_at_once(self):
        write_wheel(os.path.join(self.agent.workspace, _WHEEL))
        self.run_failing("import steppe_tiny", "ModuleNotFoundError")
        self.run_ok(f"!pip install --user ./{_WHEEL}", env={"PIP_NO_INDEX": "1"})
        self.assertEqual(self.run_ok("import steppe_tiny; steppe_tiny.value").value, "'tiny'")

    def test_a_module_that_is_written_again_at_once_is_imported_anew(self):
        self.run_ok("import os, sys, time\nnow = time.time()")
        for value in "1", "2":
            self.run_ok(
                f"with open('own.py', 'w') as file: file.write('value = {value}')\n"
                "os.utime('own.py', (now, now)); sys.modules.pop('own', None);"
            )
            self.assertEqual(self.run_ok("import own; own.value").value, value)

    def test_python_in_a_shell_is_the_one_of_the_session(self):
        self.assertEqual(
            self.run_ok(
                "import sys\nfound = !python3 -c 'import sys; print(sys.prefix)'\n"
                "found == [sys.prefix]"
            ).value,
            "True",
        )


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Logs nothing, so that the test's output stays readable."""


def write_wheel(path: str, version: str = "1.0") -> None:
    info = f"steppe_tiny-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("steppe_tiny.py", _MODULE.format(version))
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: steppe-tiny\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(
            f"{info}/entry_points.txt", "[console_scripts]\nsteppe-tiny = steppe_tiny:main\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


if __name__ == "__main__":
    unittest.main()
