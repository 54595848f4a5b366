"""Numba kernels: arrays and scalars in, arrays out; local frame, metres, float64.

Compiled code is cached under a folder named after the source of all kernels, so that a change in
any of them is noticed (Numba alone looks only at the file of the function it compiles).
"""

import fcntl
import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
import platformdirs
from numba.core.caching import IndexDataCacheFile


def _source_digest() -> str:
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


# threads that wait for the next loop must sleep: spinning, they take the processors from those who
# work, here and in other processes; OpenMP looks at this when the first loop begins
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if "NUMBA_THREADING_LAYER_PRIORITY" not in os.environ:
    # Open3D brings a TBB that is too old for Numba, which warns of it where it looks there first
    numba.config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]

CACHE_DIR = platformdirs.user_cache_path("twin-pipeline") / "kernels" / _source_digest()
numba.config.CACHE_DIR = str(CACHE_DIR)


def _save_alone(file: Any, key: Any, data: Any, save: Any = IndexDataCacheFile.save) -> None:  # noqa: ANN401
    """Save compiled code while no other process does.

    Numba numbers the files by an index that it reads and writes without a lock: of two processes
    that save at the same time, one would find the other's code under its own number.
    """
    with suppress(OSError):
        CACHE_DIR.mkdir(parents=True, exist_ok=True)
        with (CACHE_DIR / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            save(file, key, data)


IndexDataCacheFile.save = _save_alone
