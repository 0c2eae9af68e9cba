"""The working directory and the variables of the environment."""

from __future__ import annotations

import os

from ..usage_error import UsageError


def change_directory(shell, arguments: str, _names: dict) -> None:
    """Changes the working directory: `-` is the one before, nothing the home directory."""
    target = arguments.strip().strip("'\"")
    before = os.getcwd()
    os.chdir(shell.previous_directory if target == "-" else os.path.expanduser(target or "~"))
    shell.previous_directory = before
    print(os.getcwd())


def current_directory(_shell, _arguments: str, _names: dict) -> str:
    """Returns the working directory."""
    return os.getcwd()


def environment(_shell, arguments: str, _names: dict):
    """
    Returns the variables of the environment, or one by its name; `name=value` and `name value` set
    it.
    """
    name, sign, value = arguments.partition("=" if "=" in arguments else " ")
    if not arguments:
        return dict(os.environ)
    if not sign:
        if name not in os.environ:
            raise UsageError(f"the environment variable {name} is not set")
        return os.environ[name]
    name, value = name.strip(), value.strip()
    if len(name.split()) > 1:
        raise UsageError(f"the name of an environment variable has no spaces: {name}")
    os.environ[name] = value
    print(f"env: {name}={value}")
    return None


LINE = {
    "cd": change_directory,
    "env": environment,
    "pwd": current_directory,
    "set_env": environment,
}
