"""
Messages on agent.sock: a big-endian 32-bit length, then a line of JSON and, for a bundle, a second
line.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
from collections.abc import Iterator

MAX_FRAME_BYTES = 8 * 1024 * 1024
# malloc would map and unmap a larger buffer on every read.
_READ_BYTES = 64 * 1024

_encode_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_header = struct.Struct(">I")


class FrameTooLarge(ValueError):
    pass


class ConnectionClosed(ConnectionError):
    pass


class FrameConnection:
    """
    One stream socket. `lock` keeps frames whole; a caller may hold it around a check and a send.
    """

    def __init__(self, sock, lock=None):
        self._sock = sock
        self._pending = bytearray()
        self._queued = b""
        self.lock = threading.RLock() if lock is None else lock

    def fileno(self) -> int:
        return self._sock.fileno()

    def connect(self, path: str) -> None:
        self._sock.connect(path)

    def send(self, message: dict, bundle: str | None = None, *, with_next: bool = False) -> None:
        """
        `with_next` delays a frame until the next one, which follows at once, so that the agent
        wakes up once for both.
        """
        frame = encode_frame(message, bundle)
        with self.lock:
            self._queued += frame
            if not with_next:
                frames, self._queued = self._queued, b""
                self._sock.sendall(frames)

    def receive(self) -> Iterator[dict]:
        """
        Reads once and yields the complete frames. Raises ConnectionClosed at the end of the stream.
        """
        data = self._sock.recv(_READ_BYTES)
        if not data:
            raise ConnectionClosed("the agent closed the connection")
        self._pending += data
        return self.complete_frames()

    def complete_frames(self) -> Iterator[dict]:
        pending = self._pending
        while len(pending) >= _header.size:
            (size,) = _header.unpack_from(pending)
            if size > MAX_FRAME_BYTES:
                raise FrameTooLarge(
                    f"a frame of {size} bytes exceeds the limit of {MAX_FRAME_BYTES}"
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
    """JSON in one line. Integers have all their digits."""
    try:
        return _encode_json(value)
    except ValueError:
        # By default Python refuses to convert integers with so many digits.
        limit = sys.get_int_max_str_digits()
        try:
            sys.set_int_max_str_digits(0)
            return _encode_json(value)
        finally:
            sys.set_int_max_str_digits(limit)


def encode_frame(message: dict, bundle: str | None = None) -> bytes:
    """`bundle` is the bundle, encoded as JSON."""
    text = _encode_json(message) if bundle is None else f"{_encode_json(message)}\n{bundle}"
    payload = _utf8(text)
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameTooLarge(
            f"a frame of {len(payload)} bytes exceeds the limit of {MAX_FRAME_BYTES}"
        )
    return _header.pack(len(payload)) + payload


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Lone surrogates cannot be UTF-8, and many readers of JSON refuse their escapes; a pair is
        # one character.
        utf16 = text.encode("utf-16-le", "surrogatepass")
        return utf16.decode("utf-16-le", "replace").encode()
