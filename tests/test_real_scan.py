"""The method on a real scan of a pump room, of whose pipes two stand upright and are alike."""

from contextlib import nullcontext
from pathlib import Path

import laspy
import numpy as np
import pytest

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.extraction import extract
from twin_pipeline.model import PointCloud, Role

SCAN = Path(__file__).parents[2] / "shared" / "data" / "real" / "pump_room.las"
UPRIGHT = ((0.59, -3.25), (-1.10, -1.95))
"""Where the two stand, x and y; some 175 mm thick by circles fitted to slices of 10 cm."""

pytestmark = pytest.mark.skipif(not SCAN.exists(), reason="needs ../shared/data/real")


@pytest.fixture(scope="module")
def pipes():
    xyz = np.asarray(laspy.read(SCAN).xyz)
    found = extract(
        PointCloud(xyz, np.zeros(3)), Config(), load_catalogue(), lambda _: nullcontext()
    )
    return found.pipes


def test_two_upright_pipes_of_one_size_are_found_alike(pipes):
    diameters_m = []
    for place in UPRIGHT:
        (pipe,) = (
            pipe
            for pipe in pipes
            if np.ptp(pipe.centreline[:, 2]) > 0.8
            and np.linalg.norm(pipe.centreline[:, :2].mean(axis=0) - place) < 0.05
        )
        assert pipe.outer_diameter_m == pytest.approx(0.175, abs=3.0 * pipe.outer_diameter_std_m)
        diameters_m.append(pipe.outer_diameter_m)
    assert abs(np.subtract(*diameters_m)) < 0.001


def test_tanks_are_no_mains_and_pipes_run_overhead(pipes):
    assert all(pipe.role is not Role.MAIN for pipe in pipes)
    assert all(pipe.outer_diameter_m < 0.3 for pipe in pipes)
    overhead = [pipe for pipe in pipes if pipe.centreline[:, 2].min() > 1.2]
    assert overhead
    assert all(np.ptp(pipe.centreline[:, 2]) < 0.1 for pipe in overhead)
