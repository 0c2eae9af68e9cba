"""Finds and kills all processes of a session, by walking /proc."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import NamedTuple

_STOP_ROUNDS = 20


class _Process(NamedTuple):
    parent: int
    zombie: bool
    # In ticks since the machine booted.
    started: int


def owns_pid_namespace() -> bool:
    """
    Whether every process that this one can see, but the first one and itself, will be of the
    session: it is the first process of a container, or an init like tini is and has started nothing
    else. Call it before anything else is started.
    """
    me = os.getpid()
    if sys.platform != "linux" or (me != 1 and os.getppid() != 1):
        return False
    return set(_read_processes()) == {1, me}


def kill_descendants(
    instance_id: str,
    *,
    all_are_ours: bool = False,
    owns_namespace: bool = False,
    limit_seconds: float = 2.0,
) -> int:
    """
    Stops, then kills, the descendants of this process and all processes that carry the instance in
    their environment, until none is left. Spares this process and its ancestors (the agent carries
    the instance too). Returns how many remain. `all_are_ours` says that whatever carries the
    instance descends from this process and orphans are adopted: then nothing is left once this
    process has no child. `owns_namespace` says that every other process is of the session, even one
    that cleared its environment and has another parent.
    """
    deadline = time.monotonic() + limit_seconds
    while True:
        reap_children()
        if all_are_ours and not has_children():
            return 0
        found = session_processes(instance_id, owns_namespace)
        if not found or time.monotonic() > deadline:
            return len(found)
        _signal_all(_stop_all(found, instance_id, owns_namespace), signal.SIGKILL)
        time.sleep(0.002)


def _stop_all(found: set[int], instance_id: str, owns_namespace: bool) -> set[int]:
    """
    Repeats until a walk finds no new process: a stopped process cannot fork, and a killed one would
    make room for the fork of another.
    """
    stopped: set[int] = set()
    for _ in range(_STOP_ROUNDS):
        fresh = found - stopped
        if not fresh:
            break
        _signal_all(fresh, signal.SIGSTOP)
        stopped |= fresh
        found = session_processes(instance_id, owns_namespace)
    return stopped | found


def kill_group(leader: int) -> None:
    """For systems without /proc: kills what is still in the worker's process group."""
    if not os.path.isdir("/proc/self"):
        _signal_all({-leader}, signal.SIGKILL)


def session_processes(instance_id: str, owns_namespace: bool = False) -> set[int]:
    processes = _read_processes()
    me = os.getpid()
    spared = _ancestors(me, processes) | {me}
    found = set(processes) if owns_namespace else _descendants(me, processes)
    if instance_id and not owns_namespace:
        mark = b"STEPPE_INSTANCE_ID=" + os.fsencode(instance_id)
        # A process older than our parent was not started by the session.
        parent = processes.get(os.getppid())
        young = {
            pid
            for pid, process in processes.items()
            if parent is None or process.started >= parent.started
        }
        found |= {pid for pid in young - spared - found if mark in _environ(pid)}
    return {pid for pid in found - spared if not processes[pid].zombie}


def reap_children() -> dict[int, int]:
    """Wait statuses, by pid, of all children that have exited."""
    ended = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended[pid] = status
    return ended


def children_of(pid: int) -> list[int]:
    """Each thread has children of its own. Empty for a process that has exited."""
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as children:
                found += map(int, children.read().split())
    return found


def has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _read_processes() -> dict[int, _Process]:
    processes = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return {}
    for name in names:
        if name.isdigit():
            with (
                contextlib.suppress(OSError, ValueError, IndexError),
                open(f"/proc/{name}/stat", "rb") as stat,
            ):
                # The command name may contain spaces and parentheses; the fields begin after the
                # last parenthesis.
                fields = stat.read().rpartition(b")")[2].split()
                processes[int(name)] = _Process(
                    int(fields[1]), fields[0] in (b"Z", b"X"), int(fields[19])
                )
    return processes


def _ancestors(pid: int, processes: dict[int, _Process]) -> set[int]:
    found: set[int] = set()
    while pid in processes and (pid := processes[pid].parent) and pid not in found:
        found.add(pid)
    return found


def _descendants(root: int, processes: dict[int, _Process]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    found: set[int] = set()
    waiting = list(children.get(root, ()))
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, ())
    return found


def _environ(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            return environ.read().split(b"\0")
    except OSError:
        return []


def _signal_all(pids: set[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
