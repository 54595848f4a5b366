"""Sectors that soil touches go; the others stay."""

import numpy as np
import pytest

from twin_pipeline.kernels.adjust import trim

LENGTH_M, RADIUS_M, BAND_M = 4.0, 0.1, 0.02


def _seen(seed: int, count: int = 40_000):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-0.5 * np.pi, 0.5 * np.pi, count)
    return (
        rng.uniform(0.0, LENGTH_M, count), np.zeros(count, np.int64), np.zeros((count, 3)),
        np.full(count, RADIUS_M), angle, rng.uniform(0.95, 1.0, count),
    )  # fmt: skip


def _kept(seen) -> np.ndarray:
    count = len(seen[0])
    return trim.sectors_of_tube(seen, np.zeros(count), count, LENGTH_M, RADIUS_M, BAND_M, 0.9)


def test_of_a_clean_tube_all_but_the_edges_stays():
    seen = _seen(1)
    kept = _kept(seen)
    assert kept[np.abs(seen[4]) < np.radians(70.0)].all()
    assert not kept[np.abs(seen[4]) > np.radians(80.1)].any()


@pytest.mark.parametrize("from_deg", [20.0, 40.0])
def test_sectors_whose_normals_do_not_fit_go_with_those_beside(from_deg):
    seen = _seen(2)
    soil = (seen[4] > np.radians(from_deg)) & (np.arange(len(seen[4])) % 2 == 0)
    seen[5][soil] = 0.5
    kept = _kept(seen)
    assert not kept[seen[4] > np.radians(from_deg - 10.0)].any()
    assert kept[np.abs(seen[4]) < np.radians(from_deg - 10.1)].all()


def test_a_narrow_arc_loses_fewer_to_its_edges():
    seen = _seen(3)
    narrow = np.abs(seen[4]) < np.radians(30.0)
    seen = tuple(part[narrow] for part in seen)
    kept = _kept(seen)
    assert kept[np.abs(seen[4]) < np.radians(25.0)].all()
