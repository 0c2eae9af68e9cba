import os
import sys
import unittest

from steppe_runtime.supervisor.memory.session_memory import SessionMemory

_MIB = 1 << 20


@unittest.skipUnless(sys.platform == "linux", "reads /proc")
class SessionMemoryTest(unittest.TestCase):
    def test_pages_that_forked_processes_share_count_once(self):
        memory = SessionMemory(_MIB)
        reader, writer = os.pipe()
        before = memory.used_bytes(exact_from=0)
        kept = b"x" * (64 * _MIB)
        for _ in range(4):
            pid = os.fork()
            if pid == 0:
                os.close(writer)
                os.read(reader, 1)
                os._exit(0)
            self.addCleanup(os.waitpid, pid, 0)
        self.addCleanup(os.close, writer)
        at_most, exact = (memory.used_bytes(size) - before for size in (1 << 40, 0))
        self.assertGreaterEqual(at_most, 4 * len(kept))
        # A share of the pages is counted for this process, which is no descendant of its own.
        self.assertLess(exact, len(kept) * 1.5)
        self.assertGreater(exact, len(kept) / 2)


if __name__ == "__main__":
    unittest.main()
