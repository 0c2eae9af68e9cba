"""
Sends one step after the other and prints how long each took, in ms, as JSON. The same program times
our steps, those of a kernel gateway and those of a kernel without one.
"""

import json
import socket
import sys
import time
from collections.abc import Callable

from gateway_kernel import GatewayKernel
from quick_ack import quick_ack

WARM_UP = 100


def time_steps(run: Callable[[str], None], steps: int) -> list[float]:
    run("x = 0")
    times = []
    for _ in range(WARM_UP + steps):
        started = time.perf_counter()
        run("x += 1")
        times.append((time.perf_counter() - started) * 1000)
    return times[WARM_UP:]


def steppe(port: int, path: str, authorization: str) -> Callable[[str], None]:
    """Runs steps over one connection that stays open."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {authorization}\r\n"
        "content-type: application/json\r\ncontent-length: "
    )

    def run(code: str) -> None:
        body = json.dumps({"code": code})
        connection.sendall(f"{head}{len(body)}\r\n\r\n{body}".encode())
        received = b""
        while not is_whole(received):
            piece = connection.recv(65536)
            quick_ack(connection)
            if not piece:
                raise RuntimeError("the connection closed")
            received += piece
        if b'"status":"completed"' not in received:
            raise RuntimeError(received.decode())

    return run


def is_whole(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    _, sized, rest = head.lower().partition(b"\r\ncontent-length:")
    if sized:
        return len(body) >= int(rest.partition(b"\r\n")[0])
    return body.endswith(b"0\r\n\r\n")


def kernel_over_zmq(steps: int) -> list[float]:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", extra_arguments=["--log-level=ERROR"])
    try:
        return time_steps(
            lambda code: client.execute_interactive(code, output_hook=lambda _: None, timeout=60),
            steps,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main() -> None:
    target = json.loads(sys.argv[1])
    steps = target["steps"]
    if target["kind"] == "steppe":
        run = steppe(target["port"], target["path"], target["authorization"])
        times = time_steps(run, steps)
    elif target["kind"] == "gateway":
        kernel = GatewayKernel(target["port"])
        times = time_steps(kernel.run, steps)
        kernel.delete()
    else:
        times = kernel_over_zmq(steps)
    print(json.dumps(times))


main()
