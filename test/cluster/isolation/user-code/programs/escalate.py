"""Tries to gain privileges in many ways, and prints the error of each."""

import ctypes
import errno
import json
import os
import platform
import resource
import socket
import struct
import time

libc = ctypes.CDLL(None, use_errno=True)
ARM = platform.machine() == "aarch64"
SYS_ADMIN = 1 << 21
USER_NAMESPACE = 0x10000000
NAMESPACES = {"mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000}
NAMESPACES.update({"user": USER_NAMESPACE, "pid": 0x20000000, "net": 0x40000000})
TRACE_ME, SET_OPTIONS, SUSPEND_SECCOMP = 0, 0x4200, 1 << 21


def checked(result):
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def call(name, *args):
    """A function of the C library."""
    return checked(getattr(libc, name)(*args))


def syscall(x86, arm, *args):
    """One that the C library has no function for: its numbers on the two architectures."""
    return checked(libc.syscall(arm if ARM else x86, *args))


def write(path, text=""):
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text.encode())


def clone_into_user_namespace():
    if syscall(56, 220, USER_NAMESPACE | 17, 0, 0, 0, 0) == 0:
        os._exit(0)


def suspend_seccomp_of_child():
    """The filter of system calls of a process that is traced can be suspended with privilege."""
    child = os.fork()
    if child == 0:
        libc.ptrace(TRACE_ME, 0, 0, 0)
        os.kill(os.getpid(), 19)
        os._exit(0)
    os.waitpid(child, os.WUNTRACED)
    try:
        call("ptrace", SET_OPTIONS, child, None, ctypes.c_void_p(SUSPEND_SECCOMP))
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def run_as_root_by_file():
    """A copy of a program that is root's and has the set-user-ID bit."""
    os.chown(own_file, 0, 0)


def take_port_of_agent():
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("", 8070))
        server.listen()


def add_capability():
    header = struct.pack("Ii", 0x20080522, 0)
    sets = struct.pack("IIIIII", SYS_ADMIN, SYS_ADMIN, 0, 0, 0, 0)
    syscall(126, 91, header, sets)


own_file = "/workspace/own"
with open(own_file, "w") as file:
    file.write("#!/bin/sh\n")

tries = {
    "setuid": lambda: os.setuid(0),
    "setgid": lambda: os.setgid(0),
    "setgroups": lambda: os.setgroups([0]),
    "setresuid": lambda: os.setresuid(0, 0, 0),
    "capset": add_capability,
    "ambient capability": lambda: call("prctl", 47, 2, 21, 0, 0),
    "securebits": lambda: call("prctl", 28, 1, 0, 0, 0),
    "file of root": run_as_root_by_file,
    "chroot": lambda: os.chroot("/workspace"),
    "pivot_root": lambda: syscall(155, 41, b"/workspace", b"/workspace"),
    "mount": lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "mount /proc": lambda: call("mount", b"none", b"/tmp", b"proc", 0, None),
    "mount a cgroup": lambda: call("mount", b"none", b"/tmp", b"cgroup2", 0, None),
    "bind mount": lambda: call("mount", b"/etc", b"/tmp", None, 4096, None),
    "remount the root": lambda: call("mount", None, b"/", None, 32, None),
    "unmount /proc/sys": lambda: call("umount2", b"/proc/sys", 0),
    **{
        f"unshare {name}": lambda flag=flag: call("unshare", flag)
        for name, flag in NAMESPACES.items()
    },
    "clone a user namespace": clone_into_user_namespace,
    "setns": lambda: call("setns", os.open("/proc/1/ns/net", os.O_RDONLY), 0),
    "suspend seccomp by ptrace": suspend_seccomp_of_child,
    "mknod of memory": lambda: os.mknod("/workspace/mem", 0o20600, os.makedev(1, 1)),
    "mknod of a disk": lambda: os.mknod("/workspace/disk", 0o60600, os.makedev(254, 0)),
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "raw IPv6 socket": lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58),
    "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3),
    "bpf": lambda: syscall(321, 280, 0, 0, 0),
    "perf_event_open": lambda: syscall(298, 241, b"\0" * 128, 0, -1, -1, 0),
    "add_key": lambda: syscall(248, 217, b"user", b"a", b"b", 1, -3),
    "keyctl": lambda: syscall(250, 219, 0, -3, 0),
    "userfaultfd": lambda: syscall(323, 282, 1),
    "kexec_load": lambda: syscall(246, 104, 0, 0, 0, 0),
    "init_module": lambda: syscall(175, 105, b"", 0, b""),
    "open_by_handle_at": lambda: syscall(304, 265, -100, b"\0" * 64, 0),
    "fanotify_init": lambda: syscall(300, 262, 0, 0),
    "quotactl": lambda: syscall(179, 60, 0, 0, 0, 0),
    "swapon": lambda: call("swapon", own_file.encode(), 0),
    "acct": lambda: call("acct", None),
    "reboot": lambda: call("reboot", 0x01234567),
    "read the kernel's log": lambda: call("klogctl", 3, ctypes.create_string_buffer(9), 9),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "set the host's name": lambda: socket.sethostname("other"),
    "real-time priority": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(9)),
    "higher priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -5),
    "higher limit": lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (1 << 22, 1 << 22)),
    "no death by memory": lambda: write("/proc/self/oom_score_adj", "-1000"),
    "write the core pattern": lambda: write("/proc/sys/kernel/core_pattern", "|/workspace/own"),
    "write the program of modules": lambda: write("/proc/sys/kernel/modprobe", "/workspace/own"),
    "write the setting of forwarding": lambda: write("/proc/sys/net/ipv4/ip_forward", "1"),
    "write a system request": lambda: write("/proc/sysrq-trigger", "b"),
    "make a cgroup": lambda: os.mkdir("/sys/fs/cgroup/memory/own"),
    "make a unified cgroup": lambda: os.mkdir("/sys/fs/cgroup/own"),
    "write into /sys": lambda: write("/sys/kernel/uevent_helper", "/workspace/own"),
    "write a program": lambda: write("/usr/bin/env", "x"),
    "write our program": lambda: write("/opt/steppe/python/supervisor.py", "x"),
    "make a file of /etc": lambda: os.mkdir("/etc/own"),
    "read the passwords": lambda: os.open("/etc/shadow", os.O_RDONLY),
    "link the passwords": lambda: os.link("/etc/shadow", "/workspace/shadow"),
    "open memory": lambda: os.open("/dev/mem", os.O_RDONLY),
    "open the kernel's memory": lambda: os.read(os.open("/proc/kcore", os.O_RDONLY), 1),
    "open /dev/fuse": lambda: os.open("/dev/fuse", os.O_RDWR),
    "open /dev/net/tun": lambda: os.open("/dev/net/tun", os.O_RDWR),
    "take the agent's port": take_port_of_agent,
}

outcomes = {}
for name, attempt in tries.items():
    try:
        attempt()
        outcomes[name] = "allowed"
    except OSError as error:
        outcomes[name] = errno.errorcode.get(error.errno, str(error))
    except ValueError as error:
        outcomes[name] = str(error)
print(json.dumps(outcomes))
