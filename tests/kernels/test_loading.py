"""Kernels before and after Numba is loaded."""

import subprocess
import sys

PROGRAM = """
import sys
import threading

import numpy as np

from twin_pipeline.kernels import morton

assert "numba" not in sys.modules
assert morton.spread_bits.__name__ == "spread_bits"
call = morton.morton_keys
made = []
ijk, base = np.array([[1, 0, 0], [0, 3, 0]], np.int32), np.zeros(3, np.int64)
threads = [threading.Thread(target=lambda: made.append(call(ijk, base, 0))) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert [keys.tolist() for keys in made] == [[1, 18]] * 8
assert "numba" in sys.modules
assert call.py_func(ijk, base, 0).tolist() == [1, 18]
"""


def test_numba_is_loaded_by_the_first_call_in_any_thread():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
