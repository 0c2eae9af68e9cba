import os
import tempfile
import unittest

from steppe_runtime.supervisor.memory.container_memory import find_container_memory
from steppe_runtime.supervisor.memory.memory_watch import MemoryWatch

_MIB = 1 << 20


class CgroupCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, path: str, text: str) -> None:
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def write_v2(
        self, folder: str, *, used: int, limit: str, cache: int = 0, kills: int = 0
    ) -> None:
        self.write("own", f"0::/{folder}\n")
        self.write(f"{folder}/memory.max", f"{limit}\n")
        self.write(f"{folder}/memory.current", f"{used}\n")
        self.write(
            f"{folder}/memory.stat",
            f"anon 5\nactive_file {cache // 2}\ninactive_file {cache - cache // 2}\n",
        )
        self.write(f"{folder}/memory.events", f"low 0\noom 7\noom_kill {kills}\noom_group_kill 0\n")

    def find(self):
        return find_container_memory(self.root, os.path.join(self.root, "own"))


class ContainerMemoryTest(CgroupCase):
    def test_version_2(self):
        self.write_v2("pods/a", used=90 * _MIB, limit=str(100 * _MIB), cache=30 * _MIB, kills=3)
        memory = self.find()
        self.assertEqual(memory.limit_bytes, 100 * _MIB)
        self.assertEqual((memory.used_bytes(), memory.needed_bytes()), (90 * _MIB, 60 * _MIB))
        self.assertEqual(memory.oom_kills(), 3)

    def test_version_1_with_a_path_that_only_the_host_knows(self):
        self.write("own", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n")
        self.write("memory/memory.limit_in_bytes", f"{200 * _MIB}\n")
        self.write("memory/memory.usage_in_bytes", f"{150 * _MIB}\n")
        self.write(
            "memory/memory.stat",
            f"cache 1\ntotal_inactive_file {10 * _MIB}\ntotal_active_file {20 * _MIB}\n",
        )
        self.write("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
        memory = self.find()
        self.assertEqual((memory.limit_bytes, memory.needed_bytes()), (200 * _MIB, 120 * _MIB))
        self.assertEqual(memory.oom_kills(), 2)

    def test_without_limit_or_cgroup_there_is_nothing_to_watch(self):
        self.assertIsNone(self.find())
        self.write_v2("a", used=1, limit="max")
        self.assertIsNone(self.find())
        self.write("own", "4:memory:/b\n")
        self.write("memory/b/memory.limit_in_bytes", "9223372036854771712\n")
        self.assertIsNone(self.find())


class MemoryWatchTest(CgroupCase):
    def watch(self, **sizes) -> MemoryWatch:
        self.write_v2("a", **sizes)
        return MemoryWatch(self.find())

    def test_it_reports_once_at_95_percent(self):
        watch = self.watch(used=90 * _MIB, limit=str(100 * _MIB))
        self.assertFalse(watch.is_exhausted(watch.read()))
        self.assertIsNotNone(watch.interval_seconds)
        self.write_v2("a", used=96 * _MIB, limit=str(100 * _MIB))
        self.assertTrue(watch.is_exhausted(watch.read()))
        self.assertIn("100 MiB", watch.verdict)
        self.assertIsNone(watch.read())

    def test_the_file_cache_does_not_count(self):
        watch = self.watch(used=99 * _MIB, limit=str(100 * _MIB), cache=50 * _MIB)
        self.assertEqual(watch.read(), (49 * _MIB, 100 * _MIB))
        self.assertFalse(watch.is_exhausted(watch.read()))

    def test_a_reading_is_sent_when_it_has_changed_by_a_hundredth_of_the_limit(self):
        watch = self.watch(used=1, limit=str(100 * _MIB))
        for used, is_sent in ((10, True), (10.9, False), (11, True), (10.1, False), (9, True)):
            self.write_v2("a", used=int(used * _MIB), limit=str(100 * _MIB))
            self.assertEqual(watch.is_news(watch.read()), is_sent, used)

    def test_a_kill_by_the_kernel_is_recognised_by_its_counter(self):
        watch = self.watch(used=1, limit=str(100 * _MIB), kills=4)
        watch.explain_kill()
        self.assertIsNone(watch.verdict)
        self.write_v2("a", used=1, limit=str(100 * _MIB), kills=5)
        watch.explain_kill()
        self.assertIn("used up", watch.verdict)

    def test_without_a_limit_nothing_is_read(self):
        watch = MemoryWatch(None)
        watch.explain_kill()
        self.assertEqual((watch.read(), watch.interval_seconds, watch.verdict), (None, None, None))

    def test_vanished_files_kill_nothing(self):
        watch = self.watch(used=99 * _MIB, limit=str(100 * _MIB))
        os.remove(os.path.join(self.root, "a/memory.current"))
        self.assertIsNone(watch.read())
