"""Numba kernels: arrays and scalars in, arrays out; local frame, metres, float64.

Compiled code is cached under a folder named after the source of all kernels, so that a change in
any of them is noticed (Numba alone looks only at the file of the function it compiles).
"""

import hashlib
import sys
from pathlib import Path

import numba
import platformdirs


def _source_digest() -> str:
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


CACHE_DIR = platformdirs.user_cache_path("twin-pipeline") / "kernels" / _source_digest()
numba.config.CACHE_DIR = str(CACHE_DIR)
