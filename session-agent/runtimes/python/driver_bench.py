"""Prints what a worker costs: `python3 driver_bench.py`, one JSON object."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import time

from tests.fake_agent import FakeAgent

ROUND_TRIPS = 2000


def main() -> None:
    started = time.perf_counter()
    agent = FakeAgent()
    agent.take("supervisor")
    figures = {"supervisor_start_ms": _since(started)}
    started = time.perf_counter()
    ready = agent.spawn()
    figures["worker_start_ms"] = _since(started)
    figures["idle_worker_mb"] = _idle_mb(ready["pid"])
    agent.run("x = 0")
    agent.selector.close()

    figures["round_trip_ms"] = _round_trips(agent, "x += 1; x")
    _drive(agent, "import asyncio\nawait asyncio.sleep(0)")
    figures["round_trip_with_loop_ms"] = _round_trips(agent, "x += 1; x")
    figures["round_trip_await_ms"] = _round_trips(agent, "await asyncio.sleep(0); x")
    agent.process.stdin.close()
    agent.process.wait()
    shutil.rmtree(agent.root)
    print(json.dumps(figures, indent=2))


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)


def _idle_mb(pid: int) -> dict:
    time.sleep(0.2)
    sizes = {}
    for name in ("status", "smaps_rollup"):
        with open(f"/proc/{pid}/{name}") as lines:
            for line in lines:
                key, _, rest = line.partition(":")
                if key in ("VmRSS", "Pss", "Private_Dirty"):
                    sizes[key] = round(int(rest.split()[0]) / 1000, 1)
    return sizes


def _round_trips(agent: FakeAgent, code: str) -> dict:
    times = sorted(_drive(agent, code) for _ in range(ROUND_TRIPS))
    return {
        "p50": round(times[ROUND_TRIPS // 2], 4),
        "p95": round(times[ROUND_TRIPS * 95 // 100], 4),
    }


def _drive(agent: FakeAgent, code: str) -> float:
    """One step by the shortest way: frame out, frames in, both pipes read."""
    run = {
        "type": "run",
        "step_id": "s",
        "code": code,
        "execution_count": 1,
        "env": {},
        "cwd": None,
        "nonce": "0" * 32,
    }
    data = json.dumps(run).encode()
    started = time.perf_counter()
    agent.worker_socket.sendall(struct.pack(">I", len(data)) + data)
    while _read_frame(agent.worker_socket)["type"] != "done":
        pass
    for fd in agent.pipe_fds:
        os.read(fd, 65536)
    return (time.perf_counter() - started) * 1000


def _read_frame(sock: socket.socket) -> dict:
    (size,) = struct.unpack(">I", sock.recv(4, socket.MSG_WAITALL))
    return json.loads(sock.recv(size, socket.MSG_WAITALL).partition(b"\n")[0])


if __name__ == "__main__":
    main()
