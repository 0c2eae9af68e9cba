"""Prints what a step sees of its container."""

import json
import os
import re
import stat

SECRET = re.compile(rb"eyJ[\w-]{8,}\.eyJ|PRIVATE KEY-----")
SEARCHED = ("/dev/shm", "/etc", "/home", "/mnt", "/root", "/run", "/srv", "/tmp", "/var")
SEARCHED += ("/workspace",)

FOREIGN = ("/etc/steppe", "/opt/steppe/session-agent.cjs", "/var/spool/steppe")
FOREIGN += ("/run/secrets", "/var/run/secrets")


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(1_000_000)
    except OSError:
        return b""


def files():
    for directory, names, found in os.walk("/"):
        if directory == "/":
            names[:] = [name for name in names if name not in ("proc", "sys")]
        for path in (directory, *(os.path.join(directory, name) for name in found)):
            yield path, os.lstat(path).st_mode


def is_writable(path, mode):
    return (stat.S_ISDIR(mode) or stat.S_ISREG(mode)) and os.access(path, os.W_OK)


def holds_secret(path, mode):
    return stat.S_ISREG(mode) and path.startswith(SEARCHED) and SECRET.search(read(path))


processes = [f"/proc/{name}" for name in os.listdir("/proc") if name.isdigit()]
own_files = [f"{process}/{file}" for process in processes for file in ("cmdline", "environ")]
status = dict(line.split(":\t", 1) for line in read("/proc/self/status").decode().splitlines())
environment = read("/proc/1/environ").decode().split("\0")
view = {
    "processes": [read(f"{process}/cmdline").decode() for process in processes],
    "environment": dict(os.environ),
    "supervisorVariables": [entry.split("=")[0] for entry in environment if entry],
    "writable": [path for path, mode in files() if is_writable(path, mode)],
    "secrets": [path for path, mode in files() if holds_secret(path, mode)]
    + [path for path in own_files if SECRET.search(read(path))],
    "foreign": [path for path in FOREIGN if os.path.lexists(path)],
    "status": {name: value.strip() for name, value in status.items()},
}
print(json.dumps(view))
