"""
A fake agent for tests: it starts a real supervisor in a real run directory, and reads sockets and
FIFOs.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence

COMMAND = (
    sys.executable,
    os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "supervisor.py"),
)
WAIT_SECONDS = 20.0
AGAIN_SECONDS = 1.5


class StepOutcome:
    def __init__(self, done: dict, frames: list[dict], stdout: str, stderr: str):
        self.done = done
        self.status = done["status"]
        self.error = done["error"]
        self.displays = [frame for frame in frames if frame["type"] == "display"]
        self.stdout = stdout
        self.stderr = stderr

    @property
    def value(self):
        """The text/plain of the last expression's value."""
        main = [frame["bundle"]["text/plain"] for frame in self.displays if frame["is_main_result"]]
        return main[0] if main else None


class FakeAgent:
    """
    One supervisor. `frames` holds frames that have arrived and were not taken yet, `raw` the bytes
    of both streams.
    """

    def __init__(
        self,
        *,
        lifeline: bool = True,
        preload: str = "",
        env: dict | None = None,
        command: Sequence[str] = COMMAND,
    ):
        self.lifeline = lifeline
        self.root = tempfile.mkdtemp(prefix="steppe-", dir="/tmp")
        self.workspace = os.path.join(self.root, "workspace")
        self.run_dir = os.path.join(self.root, "run")
        os.mkdir(self.workspace)
        os.mkdir(self.run_dir)
        self.instance_id = f"ins_{uuid.uuid4().hex}"
        self.selector = selectors.DefaultSelector()
        self.listen()
        self.frames: list[dict] = []
        self.raw = {"stdout": bytearray(), "stderr": bytearray()}
        self.epoch = 0
        self.steps = 0
        self.connections: list[socket.socket] = []
        self.supervisor_socket: socket.socket | None = None
        self.worker_socket: socket.socket | None = None
        environment = {
            "PATH": os.environ["PATH"],
            "STEPPE_RUN_DIR": self.run_dir,
            "STEPPE_WORKSPACE": self.workspace,
            "STEPPE_INSTANCE_ID": self.instance_id,
            "STEPPE_PRELOAD": preload,
            "STEPPE_SUPERVISOR_START": "first",
            **({"STEPPE_LIFELINE": "stdin"} if lifeline else {}),
            **(env or {}),
        }
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def listen(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.path.join(self.run_dir, "agent.sock"))
        self.listener.listen()
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)

    def drop_supervisor(self) -> None:
        self.selector.unregister(self.supervisor_socket)
        self.supervisor_socket.close()

    def _accept(self) -> None:
        sock, _ = self.listener.accept()
        self.connections.append(sock)
        buffer = bytearray()
        self.selector.register(sock, selectors.EVENT_READ, lambda: self._read_frames(sock, buffer))

    def _read_frames(self, sock: socket.socket, buffer: bytearray) -> None:
        try:
            data = sock.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        if not data:
            self.selector.unregister(sock)
            return
        buffer += data
        while len(buffer) >= 4 and len(buffer) >= 4 + struct.unpack_from(">I", buffer)[0]:
            size = struct.unpack_from(">I", buffer)[0]
            line, *bundle = bytes(buffer[4 : 4 + size]).split(b"\n")
            frame = json.loads(line)
            if bundle:
                frame["bundle"] = json.loads(bundle[0])
            del buffer[: 4 + size]
            if frame["type"] == "supervisor":
                self.supervisor_socket = sock
            elif frame["type"] == "ready":
                self.worker_socket = sock
            self.frames.append(frame)

    def pump(self, seconds: float) -> None:
        for key, _ in self.selector.select(seconds):
            key.data()

    def wait(self, condition, what: str = "a frame", seconds: float = WAIT_SECONDS):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(
                    (f"timed out waiting for {what}; {self.frames=} {self.raw=}")[:4000]
                )
            self.pump(min(0.05, seconds))
        return found

    def take(self, kind: str, **fields) -> dict:
        """Waits for a frame of that type with these fields, and removes it."""

        def find():
            for frame in self.frames:
                if frame["type"] == kind and all(
                    frame.get(name) == value for name, value in fields.items()
                ):
                    return frame
            return None

        frame = self.wait(find, f"{kind} {fields}")
        self.frames.remove(frame)
        return frame

    def tell_supervisor(self, message: dict) -> None:
        _send(self.supervisor_socket, message)

    def tell_worker(self, message: dict) -> None:
        _send(self.worker_socket, message)

    def spawn(self, env: dict | None = None, memory_bytes: int | None = None) -> dict:
        """Starts the next epoch and waits for `ready`, which it returns."""
        if self.supervisor_socket is None:
            self.wait(lambda: self.supervisor_socket, "the supervisor")
        self.epoch += 1
        self.steps = 0
        self.open_pipes()
        spawn = {
            "type": "spawn",
            "epoch": self.epoch,
            "env": env or {},
            "memory_bytes": memory_bytes,
        }
        self.tell_supervisor(spawn)
        return self.take("ready", epoch=self.epoch)

    def open_pipes(self) -> None:
        self.pipe_fds = []
        for name, short in (("stdout", "out"), ("stderr", "err")):
            path = os.path.join(self.run_dir, f"{self.epoch}.{short}")
            os.mkfifo(path)
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            self.raw[name] = bytearray()
            self.pipe_fds.append(fd)
            self.selector.register(
                fd, selectors.EVENT_READ, lambda fd=fd, name=name: self._read_raw(fd, name)
            )

    def _read_raw(self, fd: int, name: str) -> None:
        data = os.read(fd, 1 << 20)
        if data:
            self.raw[name] += data
        else:
            self.selector.unregister(fd)
            os.close(fd)

    def start(
        self,
        code: str,
        *,
        env: dict | None = None,
        cwd: str | None = None,
        is_rehearsed: bool = False,
    ) -> str:
        """Sends the step and returns its id, which is its nonce too."""
        if not is_rehearsed:
            self.steps += 1
        step_id = uuid.uuid4().hex
        run = {
            "type": "run",
            "step_id": step_id,
            "code": code,
            "execution_count": 0 if is_rehearsed else self.steps,
            "env": env or {},
        }
        self.tell_worker({**run, "cwd": cwd, "nonce": step_id})
        return step_id

    def finish(self, step_id: str) -> StepOutcome:
        done = self.take("done", step_id=step_id)
        displays = [
            frame
            for frame in self.frames
            if frame.get("step_id") == step_id and frame["type"] == "display"
        ]
        self.frames = [frame for frame in self.frames if frame not in displays]
        return StepOutcome(
            done, displays, self.between(step_id, "stdout"), self.between(step_id, "stderr")
        )

    def between(self, step_id: str, name: str) -> str:
        """The output between the markers of the step."""
        end = f"\x1esteppe:{step_id}:end\x1e".encode()
        self.wait(lambda: end in self.raw[name], f"the end marker on {name}")
        return self.so_far(step_id, name)

    def so_far(self, step_id: str, name: str = "stdout") -> str:
        """The output up to the end marker, without the markers of turns."""
        marker = f"\x1esteppe:{step_id}:%s\x1e"
        rest = bytes(self.raw[name]).partition((marker % "start").encode())[2]
        output = rest.partition((marker % "end").encode())[0]
        return re.sub((marker % r"\d+,\d+").encode(), b"", output).decode("utf-8", "replace")

    def run(self, code: str, **options) -> StepOutcome:
        return self.finish(self.start(code, **options))

    def interrupt(self, step_id: str) -> None:
        self.tell_supervisor({"type": "interrupt", "epoch": self.epoch, "step_id": step_id})
        self.take("interrupted", step_id=step_id)

    def finish_interrupted(self, step_id: str) -> StepOutcome:
        """Interrupts once more after a while, as the agent does: a pool may only just start."""
        self.interrupt(step_id)
        until = time.monotonic() + AGAIN_SECONDS
        while not self.is_done(step_id) and time.monotonic() < until:
            self.pump(0.05)
        if not self.is_done(step_id):
            self.interrupt(step_id)
        return self.finish(step_id)

    def is_done(self, step_id: str) -> bool:
        return any(frame["type"] == "done" and frame["step_id"] == step_id for frame in self.frames)

    def kill(self) -> dict:
        self.tell_supervisor({"type": "kill", "epoch": self.epoch})
        return self.take("exit", epoch=self.epoch)

    def session_pids(self) -> list[int]:
        """Processes whose environment carries this instance."""
        mark = f"STEPPE_INSTANCE_ID={self.instance_id}".encode()
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/environ", "rb") as environ:
                    if mark in environ.read().split(b"\0"):
                        found.append(int(name))
            except OSError:
                continue
        return found

    def close(self) -> str:
        """Cuts the lifeline, waits for the end and returns what the supervisor logged."""
        self.process.stdin.close()
        if not self.lifeline:
            self.process.terminate()
        self.process.wait(WAIT_SECONDS)
        log = self.process.stderr.read().decode()
        self.process.stderr.close()
        for sock in (*self.connections, self.listener):
            sock.close()
        for key in list((self.selector.get_map() or {}).values()):
            if isinstance(key.fileobj, int):
                os.close(key.fileobj)
        self.selector.close()
        shutil.rmtree(self.root, ignore_errors=True)
        return log


def _send(sock: socket.socket, message: dict) -> None:
    data = json.dumps(message).encode()
    sock.sendall(struct.pack(">I", len(data)) + data)
