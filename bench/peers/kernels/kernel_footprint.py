"""Starts a kernel and prints how long that took, in ms, and its resident memory, in MB, as JSON."""

import json
import time

import psutil
from jupyter_client.manager import start_new_kernel


def main() -> None:
    started = time.perf_counter()
    manager, client = start_new_kernel(kernel_name="python3", extra_arguments=["--log-level=ERROR"])
    start_ms = (time.perf_counter() - started) * 1000
    try:
        client.execute_interactive("x = 1", output_hook=lambda _: None, timeout=60)
        rss_mb = psutil.Process(manager.provisioner.pid).memory_info().rss / 1e6
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print(json.dumps([start_ms, rss_mb]))


main()
