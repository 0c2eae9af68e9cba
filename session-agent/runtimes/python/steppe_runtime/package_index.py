"""Tells in a moment whether pip would find its index, which pip itself takes a minute to find out."""

from __future__ import annotations

import configparser
import os
import socket
import sys
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def unreachable_index(environment: Mapping[str, str], limit_seconds: float = 3.0) -> str | None:
    """The host that pip would ask first, where it does not answer in time."""
    index = environment.get("PIP_INDEX_URL") or _configured("index-url") or _default_index()
    asked = urlsplit(_proxy(environment, urlsplit(index).scheme) or index)
    if asked.hostname is None:
        return None
    port = asked.port or _PORTS.get(asked.scheme, 443)
    answers: list[bool] = []

    def connect() -> None:
        try:
            socket.create_connection((asked.hostname, port), limit_seconds).close()
            answers.append(True)
        except OSError:
            answers.append(False)

    # On a thread, since a resolver has time limits of its own.
    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(limit_seconds)
    return None if answers == [True] else asked.hostname


def _proxy(environment: Mapping[str, str], scheme: str) -> str | None:
    names = ("PIP_PROXY", f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    return next((environment[name] for name in names if environment.get(name)), None)


def _default_index() -> str:
    """As pip itself has it; empty where this pip does not say, and then nothing is checked."""
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        return ""
    return PyPI.simple_url


def _configured(option: str) -> str | None:
    home = os.path.expanduser("~")
    places = ["/etc/pip.conf", f"{home}/.pip/pip.conf", f"{home}/.config/pip/pip.conf", f"{sys.prefix}/pip.conf"]
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read([*places, os.environ.get("PIP_CONFIG_FILE", "")])
    except configparser.Error:
        return None
    return config.get("global", option, fallback=None)
