"""The first run compiles the numeric kernels; users are told why it takes longer."""

import os
import threading
from contextlib import suppress

import numpy as np

from twin_pipeline.kernels import CACHE_DIR, voxels
from twin_pipeline.progress import Progress
from twin_pipeline.warming import warm

_COMPLETE = CACHE_DIR / "complete"


def begin_compilation(progress: Progress) -> None:
    """Say so if the kernels of this version have not been compiled here yet.

    What the first kernel needs begins to load, while the scan is read by others than Python. The
    interpreter waits for that when it ends: to take the compiler down at its work crashes it.
    """
    _announce(progress)
    keys = np.arange(1, dtype=np.uint64)
    threading.Thread(target=voxels.hash_table, args=(keys,), name="compiler").start()


def compile_all(progress: Progress) -> None:
    """Compile all kernels here if need be, so that not every process of a cluster does."""
    if not _COMPLETE.exists():
        _announce(progress)
        warm()
        remember_compilation()


def _announce(progress: Progress) -> None:
    if _COMPLETE.exists():
        return
    if _is_kept():
        progress.note("compiling the numeric kernels; this happens once and takes about a minute")
    else:
        progress.note(
            f"warning: compiling the numeric kernels takes minutes in every run, since {CACHE_DIR} "
            "can't be written; let XDG_CACHE_HOME name a folder that can"
        )


def _is_kept() -> bool:
    """Whether compiled code can be kept, where nobody else may put any."""
    with suppress(OSError):
        CACHE_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.access(CACHE_DIR, os.W_OK)


def remember_compilation() -> None:
    """Note that a run has compiled all kernels."""
    with suppress(OSError):
        CACHE_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        _COMPLETE.touch()
