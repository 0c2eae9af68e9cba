"""The output of a child process where user code has replaced `sys.stdout` or `sys.stderr`."""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import subprocess
import sys

_NAMES = ("stdout", "stderr")
_READ_BYTES = 64 * 1024
_POLL_SECONDS = 0.1


def flush_streams() -> None:
    """So that what was printed before comes before the child's output. Streams may lack it."""
    for name in _NAMES:
        with contextlib.suppress(Exception):
            getattr(sys, name).flush()


def replaced_streams() -> dict[str, object]:
    """User code's own streams, by name. None is no stream: print() writes nothing to it."""
    streams = {name: getattr(sys, name) for name in _NAMES}
    return {
        name: stream
        for name, stream in streams.items()
        if stream is not None and stream is not getattr(sys, f"__{name}__")
    }


def pass_on(process: subprocess.Popen, streams: dict[str, object]) -> None:
    """
    Writes the output to the streams as it comes. Returns at its end, or after that of the process:
    children in the background may keep the pipes.
    """
    with selectors.DefaultSelector() as selector:
        for name, stream in streams.items():
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            selector.register(getattr(process, name), selectors.EVENT_READ, (decoder, stream))
        while selector.get_map():
            ready = selector.select(_POLL_SECONDS)
            if not ready and process.poll() is not None:
                return
            for key, _ in ready:
                decoder, stream = key.data
                data = os.read(key.fd, _READ_BYTES)
                stream.write(decoder.decode(data, final=not data))
                if not data:
                    selector.unregister(key.fileobj)
