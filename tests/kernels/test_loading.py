"""Kernels before and after Numba is loaded."""

import os
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


FROM_THE_CACHE = """
import sys

import numpy as np

from twin_pipeline.kernels import morton, rows

morton.stable_argsort(np.zeros(10, np.uint64))
rows.bounds(np.zeros((10, 3)))
print({"scipy.linalg", "numba.np.npyimpl", "numba.typed.typeddict"} & set(sys.modules))
"""


def test_what_only_compiling_needs_is_not_loaded_for_what_is_compiled_already():
    run = [sys.executable, "-c", FROM_THE_CACHE]
    subprocess.run(run, check=True, capture_output=True)
    told = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert told.splitlines() == ["set()"]


SPREAD = """
import sys

import numpy as np

from twin_pipeline.kernels.morton import spread_bits

print([int(spread_bits(np.dtype(kind).type(3))) for kind in sys.argv[1:]])
print(*(sum(counted.values()) for counted in spread_bits.stats[1:]))
"""


def test_kernels_are_compiled_beside_those_from_the_cache(tmp_path):
    def called(*kinds):
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
        run = [sys.executable, "-c", SPREAD, *kinds]
        done = subprocess.run(run, check=True, capture_output=True, text=True, env=environment)
        return done.stdout.splitlines()

    assert called("u8") == ["[9]", "0 1"]
    assert called("u8", "u4") == ["[9, 9]", "1 1"]
    assert called("u4", "u8") == ["[9, 9]", "2 0"]
