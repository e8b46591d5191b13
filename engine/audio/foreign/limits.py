"""What a process that reads a stranger's file may use, and reach. Set once, never to be taken back."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

MB = 2**20
OPEN_FILES = 64
# Of `prctl`.
PR_SET_NO_NEW_PRIVS = 38
# Landlock's calls, the same on every kind of machine, and its words (linux/landlock.h).
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION, PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_FILE, MAKE_FILE, TRUNCATE = 1 << 5, 1 << 8, 1 << 14
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
READING = EXECUTE | READ_FILE | READ_DIR
# How many kinds of access to files each version knows. More than it knows is an error.
KINDS_OF_ACCESS = {1: 13, 2: 14, 3: 15, 4: 15}
LATEST = 16
TCP = 0b11
# Signals to processes that are not fenced, and their abstract sockets.
OUTSIDE = 0b11
# Where programs and their libraries are; not all of `/usr` and `/opt`, since a bot may live there with its files.
SYSTEM = (
    "/bin", "/lib", "/lib32", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/bin",
    "/usr/local/lib", "/nix/store", "/etc/ld.so.cache", "/dev/urandom", "/proc/self",
)  # fmt: skip


def limit(memory_mb: int, time_s: float, file_bytes: int) -> None:
    """From here on: `memory_mb` (2^20 bytes) of address space and `time_s` of processor time for this process and for
    each that it starts, files of at most `file_bytes`, no core dumps, no rights that it has not."""
    cpu = max(round(time_s), 1)
    for what, soft, hard in (
        (resource.RLIMIT_AS, memory_mb * MB, memory_mb * MB),
        # At the soft one comes a signal that says what it was, at the hard one the end.
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        # Not every system knows every limit, and none lets one be raised.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (soft, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def peak_mb() -> float:
    """The most memory that this process, or one that it has waited for, ever held, in MB of 2^20 bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    try:
        # The kernel's count for a process begins with what its parent held; this one doesn't.
        own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return max(started, own) / MB


def landlock() -> int:
    """Which version of Landlock the kernel has, 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(int(_libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))), 0)


def fence(reads: Iterable[Path], folder: Path) -> bool:
    """From here on only programs, libraries and `reads` can be read and only `folder` written to, and no TCP
    connection can be made: even a decoder that a file has taken over finds no secret, and nowhere to send it.

    By the kernel's Landlock, where it has it; says whether it did.
    """
    version = landlock()
    if not version:
        return False
    libc = _libc()
    known = (1 << KINDS_OF_ACCESS.get(version, LATEST)) - 1
    # What it handles: files from the first version on, connections from the fourth, signals from the sixth.
    attributes = struct.pack("=QQQ", known, TCP, OUTSIDE)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if rules < 0:
        return False
    for path in (*map(Path, SYSTEM), *reads):
        _allow(libc, rules, path, READING & known)
    _allow(libc, rules, Path(os.devnull), (READ_FILE | WRITE_FILE) & known)
    _allow(libc, rules, folder, (READ_FILE | READ_DIR | WRITE_FILE | REMOVE_FILE | MAKE_FILE | TRUNCATE) & known)
    fenced = int(libc.syscall(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))) == 0
    os.close(rules)
    return fenced


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None)
    libc.syscall.restype = ctypes.c_long
    return libc


def _allow(libc: ctypes.CDLL, rules: int, path: Path, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    access &= ~0 if path.is_dir() else OF_FILES
    rule = struct.pack("=Qi", access, place)
    libc.syscall(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint32(0))
    os.close(place)
