"""Checks quickly whether pip can reach its index; pip itself takes a minute to find out."""

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
    """The host that pip would contact first, if it does not respond in time; else None."""
    index = environment.get("PIP_INDEX_URL") or _configured("index-url") or _default_index()
    parsed_url = urlsplit(_proxy(environment, urlsplit(index).scheme) or index)
    if parsed_url.hostname is None:
        return None
    port = parsed_url.port or _PORTS.get(parsed_url.scheme, 443)
    outcomes: list[bool] = []

    def connect() -> None:
        try:
            socket.create_connection((parsed_url.hostname, port), limit_seconds).close()
            outcomes.append(True)
        except OSError:
            outcomes.append(False)

    # On a thread, because a resolver has time limits of its own.
    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(limit_seconds)
    return None if outcomes == [True] else parsed_url.hostname


def _proxy(environment: Mapping[str, str], scheme: str) -> str | None:
    names = ("PIP_PROXY", f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    return next((environment[name] for name in names if environment.get(name)), None)


def _default_index() -> str:
    """
    pip's own default. Empty if this version of pip does not provide it; then nothing is checked.
    """
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        return ""
    return PyPI.simple_url


def _configured(option: str) -> str | None:
    home = os.path.expanduser("~")
    places = [
        "/etc/pip.conf",
        f"{home}/.pip/pip.conf",
        f"{home}/.config/pip/pip.conf",
        f"{sys.prefix}/pip.conf",
    ]
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read([*places, os.environ.get("PIP_CONFIG_FILE", "")])
    except configparser.Error:
        return None
    return config.get("global", option, fallback=None)
