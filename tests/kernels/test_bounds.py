"""The kernels' tests once more, with every index of an array checked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# Numba's cache takes no notice of the check, so that checked code must have a folder of its own
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
import pytest
from twin_pipeline import kernels

kernels.CACHE_DIR = Path(sys.argv[1])

@kernels.jit()
def beyond(array):
    return array[len(array)]

try:
    beyond(np.zeros(3))
except IndexError:
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[2:]]))
sys.exit("indices are not checked")
"""
CHECKED = (
    "test_hough.py",
    "test_tube.py::test_projecting_walks_to_the_nearest_segment",
    "test_tube.py::test_points_beyond_the_ends_have_no_chainage",
    "test_tube.py::test_sectors_count_the_points_near_the_shell",
    "test_tube.py::test_points_at_the_very_end_count_in_the_last_slice",
    "test_normal_equations.py",
    "test_tube_points.py",
    "test_plane.py",
    "test_scatter.py",
    "test_neighbourhood.py::test_planes_are_those_of_the_points_around",
    "test_voxels.py::test_every_voxel_is_found_and_no_other",
    "test_voxels.py::test_capsules_hold_the_points_near_a_segment",
    "test_voxels.py::test_a_capsule_far_away_is_empty",
    "test_axis.py::test_what_lies_around_any_node_is_taken",
    "test_axis.py::test_nothing_is_taken_around_nothing_or_far_away",
    "test_axis_support.py::test_support_is_that_of_the_slow_way",
)


@pytest.mark.slow
def test_no_kernel_reads_or_writes_beyond_its_arrays(tmp_path):
    tests = [str(HERE / name) for name in CHECKED]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path, *tests],
        env={**os.environ, "NUMBA_BOUNDSCHECK": "1"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
