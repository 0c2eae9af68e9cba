import os
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
