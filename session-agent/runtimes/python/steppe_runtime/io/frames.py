"""Messages on agent.sock: a big-endian 32-bit length, then a line of JSON and, for a bundle, another."""

from __future__ import annotations

import json
import struct
import sys
import threading
from collections.abc import Iterator

MAX_FRAME_BYTES = 8 * 1024 * 1024
# A larger buffer would be mapped and unmapped by malloc on every read.
_READ_BYTES = 64 * 1024

_encode_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_header = struct.Struct(">I")


class FrameTooLarge(ValueError):
    pass


class ConnectionClosed(ConnectionError):
    pass


class FrameConnection:
    """One stream socket. `lock` makes every frame whole; a caller may take it around a check and a send."""

    def __init__(self, sock, lock=None, unread: bytes = b""):
        self._sock = sock
        self._pending = bytearray(unread)
        self._queued = b""
        self.lock = threading.RLock() if lock is None else lock

    def fileno(self) -> int:
        return self._sock.fileno()

    def connect(self, path: str) -> None:
        self._sock.connect(path)

    def send(self, message: dict, bundle: str | None = None, *, with_next: bool = False) -> None:
        """`with_next` lets a frame wait for the one that follows at once: the agent is woken once for both."""
        frame = encode_frame(message, bundle)
        with self.lock:
            self._queued += frame
            if not with_next:
                frames, self._queued = self._queued, b""
                self._sock.sendall(frames)

    def receive(self) -> Iterator[dict]:
        """Reads once and gives the frames that are complete; raises ConnectionClosed at the end of the stream."""
        data = self._sock.recv(_READ_BYTES)
        if not data:
            raise ConnectionClosed("the agent closed the connection")
        self._pending += data
        return self.complete_frames()

    def unread(self) -> bytes:
        """What has come and was not given yet."""
        return bytes(self._pending)

    def complete_frames(self) -> Iterator[dict]:
        pending = self._pending
        while len(pending) >= _header.size:
            (size,) = _header.unpack_from(pending)
            if size > MAX_FRAME_BYTES:
                raise FrameTooLarge(
                    f"a frame of {size} bytes was announced, at most {MAX_FRAME_BYTES} are allowed"
                )
            end = _header.size + size
            if len(pending) < end:
                return
            message = json.loads(bytes(pending[_header.size : end]))
            del pending[:end]
            yield message

    def close(self) -> None:
        self._sock.close()


def encode_json(value) -> str:
    """JSON in one line. A number has all its digits, however many."""
    try:
        return _encode_json(value)
    except ValueError:
        # Python refuses to write integers of so many digits unless it is reported to.
        limit = sys.get_int_max_str_digits()
        try:
            sys.set_int_max_str_digits(0)
            return _encode_json(value)
        finally:
            sys.set_int_max_str_digits(limit)


def encode_frame(message: dict, bundle: str | None = None) -> bytes:
    """`bundle` is the JSON of one."""
    text = _encode_json(message) if bundle is None else f"{_encode_json(message)}\n{bundle}"
    # Lone surrogates cannot be UTF-8; backslashreplace writes them as \udXXX, which is how JSON spells them.
    payload = text.encode("utf-8", "backslashreplace")
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameTooLarge(
            f"a frame of {len(payload)} bytes is over the limit of {MAX_FRAME_BYTES}"
        )
    return _header.pack(len(payload)) + payload
