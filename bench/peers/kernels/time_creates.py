"""Creates one kernel after the other and prints how long each took to its first result, in ms."""

import json
import sys
import time

from gateway_kernel import GatewayKernel


def main() -> None:
    load = json.loads(sys.argv[1])
    times = []
    for _ in range(load["kernels"]):
        started = time.perf_counter()
        kernel = GatewayKernel(load["port"])
        kernel.run("x = 1")
        times.append((time.perf_counter() - started) * 1000)
        kernel.delete()
    print(json.dumps(times))


main()
