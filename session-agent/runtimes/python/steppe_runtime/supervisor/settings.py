"""The supervisor's settings, read once from its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

# Some programs that open a longer socket path truncate it silently.
_MAX_SOCKET_PATH_BYTES = 100


class InvalidSettings(ValueError):
    pass


class Settings(NamedTuple):
    run_dir: str
    agent_path: str
    workspace: str
    instance_id: str
    preload: str
    has_lifeline: bool
    # No supervisor of this instance was started before.
    is_first: bool
    # Where cgroups are mounted.
    cgroup_dir: str
    environment: Mapping[str, str]


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises InvalidSettings with a sentence for the operator."""
    run_dir = _required(environment, "STEPPE_RUN_DIR")
    agent_path = os.path.join(run_dir, "agent.sock")
    size = len(os.fsencode(agent_path))
    if size > _MAX_SOCKET_PATH_BYTES:
        raise InvalidSettings(
            f"STEPPE_RUN_DIR is too long: the socket path {agent_path} has {size} bytes, but must"
            f" have at most {_MAX_SOCKET_PATH_BYTES}"
        )
    workspace = os.path.abspath(_required(environment, "STEPPE_WORKSPACE"))
    if not os.path.isdir(workspace):
        raise InvalidSettings(f"STEPPE_WORKSPACE is not a directory: {workspace}")
    lifeline = environment.get("STEPPE_LIFELINE", "")
    if lifeline not in ("", "stdin"):
        raise InvalidSettings(f"STEPPE_LIFELINE must be `stdin` or unset, not {lifeline!r}")
    return Settings(
        run_dir=run_dir,
        agent_path=agent_path,
        workspace=workspace,
        instance_id=_required(environment, "STEPPE_INSTANCE_ID"),
        preload=environment.get("STEPPE_PRELOAD", ""),
        has_lifeline=lifeline == "stdin",
        is_first=environment.get("STEPPE_SUPERVISOR_START") == "first",
        cgroup_dir=environment.get("STEPPE_CGROUP_DIR") or "/sys/fs/cgroup",
        environment=dict(environment),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise InvalidSettings(f"{name} must be set")
    return value
