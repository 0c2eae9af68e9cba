"""A kernel behind a kernel gateway."""

import json
import socket
import urllib.request
import uuid

import websocket
from quick_ack import quick_ack


class GatewayKernel:
    def __init__(self, port: int) -> None:
        self._api = f"http://127.0.0.1:{port}/api/kernels"
        created = urllib.request.Request(self._api, data=b'{"name": "python3"}', method="POST")
        with urllib.request.urlopen(created, timeout=60) as response:
            self._id = json.load(response)["id"]
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}/api/kernels/{self._id}/channels",
            timeout=60,
            sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    def run(self, code: str) -> None:
        """Runs a step, and returns when its result is there and the kernel is idle again."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "username": "",
            "session": "bench",
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        self._socket.send(json.dumps(message))
        waiting = {"execute_reply", "status"}
        while waiting:
            received = json.loads(self._socket.recv())
            quick_ack(self._socket.sock)
            if received["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            if received["content"].get("status") == "error":
                raise RuntimeError(received["content"])
            if received["msg_type"] != "status" or received["content"]["execution_state"] == "idle":
                waiting.discard(received["msg_type"])

    def delete(self) -> None:
        self._socket.close()
        deleted = urllib.request.Request(f"{self._api}/{self._id}", method="DELETE")
        urllib.request.urlopen(deleted, timeout=60).close()
