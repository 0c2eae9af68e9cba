import os
import sys
import unittest

from steppe_runtime.mailbox import InterruptMailbox


class MailboxTest(unittest.TestCase):
    def test_what_one_process_asks_the_other_sees(self):
        mailbox = InterruptMailbox()
        self.assertEqual(mailbox.asked(), (0, ""))
        pid = os.fork()
        if pid == 0:
            mailbox.ask("stp_1")
            mailbox.ask("stp_" + "2" * 124)
            os._exit(0)
        os.waitpid(pid, 0)
        self.assertEqual(mailbox.asked(), (2, "stp_" + "2" * 124))

    @unittest.skipUnless(sys.platform == "linux", "files are sealed on Linux")
    def test_who_shares_it_can_neither_cut_nor_grow_it(self):
        mailbox = InterruptMailbox()
        for size in (0, 1 << 30):
            with self.assertRaises(PermissionError):
                os.ftruncate(mailbox.fd, size)
        mailbox.ask("stp_1")
        self.assertEqual(mailbox.asked(), (1, "stp_1"))
