from collections import Counter

import numpy as np
import pytest
from shapes import on_tube, random_motion, shaken, straight

from twin_pipeline.kernels import hough

RADIUS_M = 0.1
CELL_M = 0.012
EXPECTED_M = 0.002
"""How far the surface is assumed to bend on a tube of this radius."""
LOWER = [-0.2, -0.2, -0.2]


def _as_dict(cells: np.ndarray) -> dict[int, int]:
    """Return how many votes each cell got."""
    return Counter(_pack(tuple(cell)) for cell in cells.tolist())


def _neighbours(cell: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return a cubic cell and the 26 around it."""
    return [tuple((np.array(cell) + step - 1).tolist()) for step in np.ndindex(3, 3, 3)]


def _pack(cell: tuple[int, ...]) -> int:
    return (cell[0] << 42) + (cell[1] << 21) + cell[2]


def _random_patches(count: int = 400) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    normals = rng.normal(size=(count, 3))
    return {
        "centroids": rng.uniform(0.0, 0.3, (count, 3)),
        "normals": normals / np.linalg.norm(normals, axis=1, keepdims=True),
        "bend": rng.normal(0.0, 3.0 * EXPECTED_M, count),
        "bend_std": rng.uniform(0.0, EXPECTED_M, count),
        "usable": rng.random(count) < 0.8,
    }


def _votes(patches: dict[str, np.ndarray], lower, radius: float = RADIUS_M):
    return hough.axis_votes(
        **patches, radius=radius, expected=EXPECTED_M, cell=CELL_M, lower=np.asarray(lower, float)
    )


def _slow_votes(patches: dict[str, np.ndarray], lower) -> dict[int, int]:
    votes: Counter[int] = Counter()
    for side in (-1.0, 1.0):
        bend, slack = side * patches["bend"], 1.5 * patches["bend_std"]
        voting = patches["usable"] & (bend >= 0.3 * EXPECTED_M - slack)
        voting &= bend <= 4.0 * EXPECTED_M + slack
        places = patches["centroids"] + side * RADIUS_M * patches["normals"]
        cells = np.floor((places[voting] - lower) / CELL_M).astype(int)
        votes.update(_pack(tuple(cell)) for cell in cells.tolist())
    return votes


def test_votes_are_those_of_the_slow_way():
    patches = _random_patches()
    votes = _as_dict(_votes(patches, LOWER))
    assert votes == _slow_votes(patches, LOWER)
    assert 100 < sum(votes.values()) < 800


def test_votes_do_not_depend_on_the_order_or_the_side_of_normals():
    patches = _random_patches()
    usual = _as_dict(_votes(patches, LOWER))
    order = np.random.default_rng(2).permutation(len(patches["bend"]))
    assert _as_dict(_votes({k: v[order] for k, v in patches.items()}, LOWER)) == usual
    turned = patches | {"normals": -patches["normals"], "bend": -patches["bend"]}
    assert _as_dict(_votes(turned, LOWER)) == usual


def test_repeated_patches_vote_twice_and_the_grid_may_start_anywhere():
    patches = _random_patches()
    usual = _as_dict(_votes(patches, LOWER))
    doubled = _as_dict(_votes({k: np.repeat(v, 2, axis=0) for k, v in patches.items()}, LOWER))
    assert doubled == {key: 2 * count for key, count in usual.items()}
    moved = _as_dict(_votes(patches, np.array(LOWER) - 5.0 * CELL_M))
    assert moved == {key + _pack((5, 5, 5)): count for key, count in usual.items()}


def test_nothing_votes_for_nothing():
    empty = {key: value[:0] for key, value in _random_patches().items()}
    cells = _votes(empty, LOWER)
    assert cells.shape == (0, 3)
    centres, scores = hough.vote_peaks(cells, CELL_M, np.zeros(3), 1.0)
    assert centres.shape == (0, 3)
    assert scores.shape == (0,)


def _table(cells: np.ndarray) -> np.ndarray:
    """Return the votes of patches that lie where they vote."""
    count = len(cells)
    patches = {
        "centroids": (cells + 0.5) * CELL_M,
        "normals": np.zeros((count, 3)),
        "bend": np.full(count, EXPECTED_M),
        "bend_std": np.zeros(count),
        "usable": np.ones(count, bool),
    }
    return _votes(patches, np.zeros(3), radius=0.0)


def _slow_peaks(cells: np.ndarray, minimum: float) -> set[tuple[tuple[int, ...], int]]:
    votes = Counter(map(tuple, cells.tolist()))
    sums = {
        cell: sum(votes[other] for other in _neighbours(cell))
        for cell in list(votes)
        if votes[cell] >= max(2, np.ceil(minimum / 27))
    }

    def is_peak(cell: tuple[int, ...]) -> bool:
        own = (sums[cell], [-c for c in cell])
        around = [(sums.get(n, 0), [-c for c in n]) for n in _neighbours(cell) if n != cell]
        return sums[cell] >= minimum and all(own > other for other in around)

    return {(cell, sums[cell]) for cell in sums if is_peak(cell)}


def _peaks(cells: np.ndarray, minimum: float) -> set[tuple[tuple[int, ...], int]]:
    centres, scores = hough.vote_peaks(cells, CELL_M, np.zeros(3), minimum)
    cells = np.round(centres / CELL_M - 0.5).astype(int)
    np.testing.assert_allclose(centres, (cells + 0.5) * CELL_M, atol=1e-12)
    return {(tuple(c), int(s)) for c, s in zip(cells.tolist(), scores, strict=True)}


@pytest.mark.parametrize("minimum", [1.0, 8.0, 40.0, 55.0, 90.0])
def test_peaks_are_those_of_the_slow_way(minimum):
    cells = np.random.default_rng(3).integers(0, [12, 10, 8], (2000, 3))
    peaks = _peaks(_table(cells), minimum)
    assert peaks == _slow_peaks(cells, minimum)
    assert len(peaks) > 3 or minimum == 90.0


def test_peaks_are_those_of_the_slow_way_over_many_cubes():
    """Votes are counted by cubes of 32 cells; peaks lie within, at faces, edges and corners."""
    rng = np.random.default_rng(13)
    scattered = rng.integers(0, [900, 700, 200], (3000, 3))
    piles = rng.integers(0, [900, 700, 200], (1500, 3))
    piles[:600] = np.maximum(piles[:600] // 32 * 32 + rng.integers(-2, 2, (600, 3)), 0)
    cells = np.concatenate([scattered, np.repeat(piles, 3, axis=0) + rng.integers(0, 2, (4500, 3))])
    peaks = _peaks(_table(cells), 3.0)
    assert peaks == _slow_peaks(cells, 3.0)
    at_faces = [any(c % 32 in (0, 31) for c in cell) for cell, _ in peaks]
    assert len(peaks) > 400
    assert sum(at_faces) > 100


def test_peaks_do_not_depend_on_the_order_of_the_votes():
    rng = np.random.default_rng(4)
    cells = rng.integers(0, 14, (1500, 3))
    usual = _peaks(_table(cells), 8.0)
    assert len(usual) > 3
    assert _peaks(_table(rng.permutation(cells)), 8.0) == usual


def test_of_equal_neighbours_one_is_a_peak():
    pair = np.array([[5, 5, 5], [5, 5, 6]])
    assert _peaks(_table(np.repeat(pair, 4, axis=0)), 8.0) == {((5, 5, 5), 8)}


@pytest.mark.parametrize(
    ("minimum", "own", "is_peak"),
    [(5.0, 2, True), (5.0, 1, False), (54.0, 2, True), (54.1, 2, False), (54.1, 3, True)],
)
def test_a_peak_has_votes_of_its_own(minimum, own, is_peak):
    """All around it hold so many that together they make more than the minimum."""
    around = np.array([cell for cell in _neighbours((5, 5, 5)) if cell != (5, 5, 5)])
    cells = np.vstack([np.repeat(around, 2, axis=0), np.full((own, 3), 5)])
    found = _peaks(_table(cells), minimum)
    assert found >= {((5, 5, 5), 52 + own)} if is_peak else ((5, 5, 5), 52 + own) not in found


def test_scattered_votes_are_no_peaks():
    """Each alone in its cell, and all of them together more than the minimum."""
    cells = np.array(_neighbours((5, 5, 5)))
    assert _peaks(_table(cells), 5.0) == set()


def test_a_minimum_is_enough():
    one = np.full((8, 3), 3)
    assert _peaks(_table(one), 8.0) == {((3, 3, 3), 8)}
    assert _peaks(_table(one[:7]), 8.0) == set()


def _scan(rng: np.random.Generator, motion) -> dict[str, np.ndarray]:
    """Return the upper half of a tube that lies on a floor, and scattered patches."""
    tube, outward = on_tube(rng, straight(1.0), RADIUS_M, 1500, arc=(-0.3, np.pi + 0.3))
    floor = np.column_stack([rng.uniform([0.0, -0.5], [1.0, 0.5], (2000, 2)), np.full(2000, -0.1)])
    scattered = rng.uniform([0.0, -0.5, -0.1], [1.0, 0.5, 0.5], (400, 3))
    up = np.broadcast_to([0.0, 0.0, 1.0], floor.shape)
    away = rng.normal(size=scattered.shape)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    bends = np.repeat([-EXPECTED_M, 0.0, 1.0], [len(tube), len(floor), len(scattered)])
    bends[-len(scattered) :] = rng.normal(0.0, EXPECTED_M, len(scattered))
    true = np.concatenate([outward, up, away])
    normals = shaken(rng, true, 0.03)
    side = np.sign(np.einsum("ij,ij->i", normals, true))
    return {
        "centroids": motion.points(np.concatenate([tube, floor, scattered])),
        "normals": motion.vectors(normals),
        "bend": bends * side,
        "bend_std": np.full(len(bends), 0.1 * EXPECTED_M),
        "usable": np.ones(len(bends), bool),
    }


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_the_peaks_of_a_tube_lie_on_its_axis(seed):
    rng = np.random.default_rng(seed)
    motion = random_motion(rng)
    patches = _scan(rng, motion)
    lower = patches["centroids"].min(axis=0) - 2.0 * RADIUS_M
    centres, scores = hough.vote_peaks(_votes(patches, lower), CELL_M, lower, 15.0)
    local = (centres - motion.shift) @ motion.turn
    assert len(centres) >= 8
    assert np.hypot(local[:, 1], local[:, 2]).max() < 1.8 * CELL_M
    assert local[:, 0].min() < 0.15
    assert local[:, 0].max() > 0.85
    order = np.argsort(-scores, kind="stable")
    kept = hough.suppress(centres[order], np.full(len(order), RADIUS_M), 0.5)
    along = np.sort(local[order][kept][:, 0])
    assert np.diff(along).min() > 0.4 * RADIUS_M
    assert np.diff(along).max() < 3.0 * RADIUS_M


def test_a_plane_casts_no_votes():
    rng = np.random.default_rng(8)
    patches = _scan(rng, random_motion(rng))
    patches["usable"][:1500] = False
    patches["usable"][3500:] = False
    assert _as_dict(_votes(patches, patches["centroids"].min(axis=0) - 1.0)) == {}


def _slow_suppress(centres: np.ndarray, radii: np.ndarray, reach: float) -> list[bool]:
    kept: list[int] = []
    for i, centre in enumerate(centres):
        if (np.linalg.norm(centres[kept] - centre, axis=1) > reach * radii[i]).all():
            kept.append(i)
    return [i in kept for i in range(len(centres))]


@pytest.mark.parametrize("reach", [0.5, 2.0])
def test_peaks_near_a_stronger_one_go(reach):
    rng = np.random.default_rng(9)
    centres = rng.uniform(-1.0, 1.0, (1200, 3)) * [1.0, 1.0, 0.2]
    radii = rng.choice([0.02, 0.1, 0.3], 1200)
    kept = hough.suppress(centres, radii, reach)
    assert kept.tolist() == _slow_suppress(centres, radii, reach)
    assert 10 < kept.sum() < 900


def test_of_peaks_at_one_place_the_first_stays():
    kept = hough.suppress(np.ones((5, 3)), np.full(5, 0.1), 0.5)
    assert kept.tolist() == [True, False, False, False, False]


def test_no_peaks_none_kept():
    assert len(hough.suppress(np.empty((0, 3)), np.empty(0), 0.5)) == 0
