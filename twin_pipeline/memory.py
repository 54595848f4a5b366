"""How much memory is free for this process, and what it holds."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")
_LIMITS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)
"""Files with the limit of a container, its use, and how much of that is mere cache."""


def free_bytes() -> int:
    """Return the memory that is free on this machine, or in the container that we are in."""
    return min(psutil.virtual_memory().available, *_in_groups())


def _in_groups() -> list[int]:
    """Return what limits of containers leave; a number beyond all memory where there are none."""
    left = [2**62]
    for limit, used, statistics, cache in _LIMITS:
        with suppress(OSError, ValueError):
            free = int((_GROUPS / limit).read_text()) - int((_GROUPS / used).read_text())
            words = (_GROUPS / statistics).read_text().split()
            left.append(max(free + int(words[words.index(cache) + 1]), 0))
    return left


def held_bytes() -> int:
    """Return the memory that this process holds."""
    return int(psutil.Process(os.getpid()).memory_info().rss)


def give_back() -> None:
    """Give the system back what was freed, which the C library keeps by threads; if it can."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
