"""Levels of detail are even, and a view takes neither none nor all of them."""

import json

import numpy as np
import pytest

from benchmarks.tiles.levels import spectrum
from benchmarks.tiles.views import seen, tree_of
from tests.tiles.earth import scan_of, trench
from tests.tiles.reading import read_tiles
from tests.tiles.test_points import CENTRE

SIDE_M = 10.0


@pytest.fixture(scope="module")
def field() -> np.ndarray:
    rng = np.random.default_rng(8)
    xy = rng.uniform(-SIDE_M, SIDE_M, (120_000, 2))
    return CENTRE + np.column_stack((xy, 0.002 * rng.standard_normal(len(xy))))


def test_levels_are_blue_noise(field, write):
    out, _ = write(scan_of(field), options={"points_per_tile": 4_000})
    stated = json.loads((out / "tileset.json").read_text("utf-8"))["asset"]["extras"]["points"]
    tiles = read_tiles(out / "tileset.json")
    shown = np.empty((0, 2))
    depths = sorted({tile.depth for tile in tiles})
    assert len(depths) > 2
    for depth in depths[:-1]:
        grids = [tile.grid[:, :2] for tile in tiles if tile.depth == depth]
        xy = np.concatenate(grids) * stated["grid_unit_m"] + stated["grid_origin_m"][:2]
        shown = np.concatenate((shown, xy - CENTRE[:2] + SIDE_M / 2))
        inside = shown[((shown >= 0) & (shown < SIDE_M)).all(axis=1)]
        power, greatest = spectrum(inside, SIDE_M)
        assert power[2:10].mean() < 0.3  # of points at random, 1
        assert power[2:].max() < 2.5
        assert greatest < 60  # of one point a voxel, thousands


def test_from_near_only_what_is_near_is_drawn_and_from_afar_what_fits_the_pixels(write):
    out, summary = write(scan_of(trench(60_000, 200.0)))
    tree = tree_of(out / "tileset.json")
    for distance_m in (0.5, 2, 10):
        assert 0 < seen(tree, distance_m).points < 0.3 * summary.points
    for distance_m in (30, 100, 200, 500, 1000, 5000, 20_000):
        view = seen(tree, distance_m)
        assert view.points
        assert view.tiles <= 2 or view.apart_px > 1
    assert seen(tree, 20_000).tiles == 1


def test_what_is_less_than_a_dot_is_not_drawn(write):
    out, _ = write(scan_of(trench(5_000, 20.0)))
    assert seen(tree_of(out / "tileset.json"), 1e6).tiles == 0
