"""
Loads several kernels of a gateway at a rate and prints the latency of each step, in ms from when it
was due, as JSON. Each kernel has its own thread and its own Poisson arrivals.
"""

import json
import random
import sys
import threading
import time

from gateway_kernel import GatewayKernel


def main() -> None:
    load = json.loads(sys.argv[1])
    kernels = [GatewayKernel(load["port"]) for _ in range(load["kernels"])]
    for kernel in kernels:
        kernel.run("x = 0")
    latencies: list[float] = []
    started = time.perf_counter()

    def drive(kernel: GatewayKernel, seed: int) -> None:
        arrivals = random.Random(seed)
        due = 0.0
        while (due := due + arrivals.expovariate(load["per_second"])) < load["seconds"]:
            time.sleep(max(0.0, started + due - time.perf_counter()))
            kernel.run("x += 1")
            latencies.append((time.perf_counter() - started - due) * 1000)

    threads = [threading.Thread(target=drive, args=each) for each in zip(kernels, range(1000))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for kernel in kernels:
        kernel.delete()
    print(json.dumps(latencies))


main()
