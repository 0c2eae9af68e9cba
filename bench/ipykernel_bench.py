"""
Measures an IPython kernel over ZMQ, as Jupyter uses it, and prints the figures as JSON for a
comparison with our own runtimes.
"""

import json
import statistics
import sys
import time

import psutil
from jupyter_client.manager import KernelManager

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 500


def main() -> None:
    manager = KernelManager(kernel_name="python3")
    started = time.perf_counter()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        start_ms = (time.perf_counter() - started) * 1000
        run(client, "x = 0")
        rss = psutil.Process(manager.provisioner.pid).memory_info().rss
        times = sorted(run(client, "x += 1; x") for _ in range(STEPS))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    round_trip = {"p50": statistics.median(times), "p95": times[int(len(times) * 0.95)]}
    print(json.dumps({"start_ms": start_ms, "rss_mb": rss / 2**20, "round_trip_ms": round_trip}))


def run(client, code: str) -> float:
    started = time.perf_counter()
    client.execute_interactive(code, output_hook=lambda message: None, timeout=60)
    return (time.perf_counter() - started) * 1000


main()
