"""Points in slabs and capsules, against plain NumPy."""

import numpy as np

from twin_pipeline.kernels import slabs


def _scattered(count: int = 9000) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1.0, 1.0, (count, 3))


def test_each_slab_holds_the_points_between_its_faces():
    xyz = _scattered()
    centres = np.array([[0.1, -0.2], [0.5, 0.5], [9.0, 9.0], [0.12, -0.2]])
    angles = np.array([0.3, 2.0, 0.0, 0.3])
    along = np.column_stack([np.cos(angles), np.sin(angles)])
    index, slab = slabs.within_slabs(xyz, centres, along, 0.1)
    assert len(index) > 1024
    for number in range(4):
        ahead = (xyz[:, :2] - centres[number]) @ along[number]
        expected = np.flatnonzero(np.abs(ahead) <= 0.1)
        assert index[slab == number].tolist() == expected.tolist()


def test_a_capsule_holds_the_points_around_a_segment():
    xyz = _scattered()
    first, last = np.array([-0.4, 0.1, 0.3]), np.array([0.5, -0.2, -0.1])
    share = np.clip((xyz - first) @ (last - first) / np.sum((last - first) ** 2), 0.0, 1.0)
    away = np.linalg.norm(xyz - first - share[:, None] * (last - first), axis=1)
    found = slabs.within_capsule(xyz, first, last, 0.6)
    assert found.tolist() == np.flatnonzero(away <= 0.6).tolist()
    assert len(found) > 1024


def test_nowhere_are_no_points():
    nothing = np.empty((0, 3))
    assert len(slabs.within_capsule(nothing, np.zeros(3), np.ones(3), 1.0)) == 0
    index, slab = slabs.within_slabs(nothing, np.zeros((1, 2)), np.array([[1.0, 0.0]]), 1.0)
    assert len(index) == len(slab) == 0


def test_the_first_place_of_each_cell_is_kept():
    places = np.random.default_rng(2).normal(0.0, 0.5, (4000, 2))
    cells = np.floor(places / 0.1).astype(int)
    _, expected = np.unique(cells, axis=0, return_index=True)
    assert slabs.first_in_cells(places, 0.1, 4000).tolist() == sorted(expected.tolist())


def test_of_too_many_cells_one_more_than_wanted_is_told():
    places = np.random.default_rng(2).normal(0.0, 0.5, (4000, 2))
    assert len(slabs.first_in_cells(places, 0.01, 500)) == 501
    assert slabs.first_in_cells(places[:0], 0.01, 500).tolist() == []
