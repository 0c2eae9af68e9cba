import os
import sys
import unittest

from steppe_runtime.worker.interrupt_request import InterruptRequest


class InterruptRequestTest(unittest.TestCase):
    def test_one_process_reads_the_request_of_the_other(self):
        interrupt_request = InterruptRequest()
        self.assertEqual(interrupt_request.read(), (0, ""))
        pid = os.fork()
        if pid == 0:
            interrupt_request.send("stp_1")
            interrupt_request.send("stp_" + "2" * 124)
            os._exit(0)
        os.waitpid(pid, 0)
        self.assertEqual(interrupt_request.read(), (2, "stp_" + "2" * 124))

    @unittest.skipUnless(sys.platform == "linux", "files are sealed on Linux")
    def test_its_size_cannot_be_changed(self):
        interrupt_request = InterruptRequest()
        for size in (0, 1 << 30):
            with self.assertRaises(PermissionError):
                os.ftruncate(interrupt_request.fd, size)
        interrupt_request.send("stp_1")
        self.assertEqual(interrupt_request.read(), (1, "stp_1"))
