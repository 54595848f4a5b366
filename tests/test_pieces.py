"""Scans cut into pieces: the same pipes and labels, to the last bit, wherever the cuts are."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.codec import pack
from twin_pipeline.config import Config
from twin_pipeline.extraction import Extraction, extract
from twin_pipeline.geometry.piecewise import Bench
from twin_pipeline.model import PointCloud, Survey
from twin_pipeline.shelves import Shelf, Spread
from twin_pipeline.synthetic import presets, scan

LENGTH_M = 13.0
POINTS_PER_M = 6_000
CUTS_M = {"straight": (5.0, 12.0), "bend": (4.0,), "parallel": (6.0,)}
COMMON = {"length_m": LENGTH_M, "points": round(LENGTH_M * POINTS_PER_M)}
SCENES = {
    "straight": lambda: presets.trench("DIP", 150, **COMMON),
    "bend": lambda: presets.trench("DIP", 150, bends=((7.0, 45.0),), seed=2, **COMMON),
    "parallel": lambda: presets.parallel(("DIP", 150), ("HPPE", 75), seed=3, **COMMON),
    "crossing": lambda: presets.crossing(chainage_m=5.1, seed=4, **COMMON),
    "drifting": lambda: presets.trench("DIP", 100, noise={"drift_m": 0.01}, seed=6, **COMMON),
    "sloped": lambda: presets.trench("VP", 75, grade=0.08, seed=5, **COMMON),
}
ROUNDED_M = {"sloped": 0.005}


class _Counting(Spread):
    def __init__(self) -> None:
        self.pieces = 0

    def map(self, function, works):
        self.pieces = max(self.pieces, len(works))
        return super().map(function, works)


def _found(cloud: PointCloud, bench: Bench | None = None) -> Extraction:
    config = Config()
    return extract(cloud, config, load_catalogue(), lambda _: nullcontext(), bench=bench)


def _all_of(found: Extraction) -> bytes:
    ground = found.ground
    assert ground is not None
    return pack(
        Survey(
            "site", found.pipes, found.point_labels, ground.outlines, 0.0,
            warnings=found.warnings, pavement=ground.patches,
        )
    )  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_what_is_found_does_not_hang_on_the_cuts(name, tmp_path):
    made = scan(SCENES[name]())
    origin = np.floor(made.xyz.mean(axis=0))
    step_m = ROUNDED_M.get(name, 0.0001)
    xyz = np.round((made.xyz - origin) / step_m) * step_m
    cloud = PointCloud(xyz, origin, made.gps_time)
    whole = _found(cloud)
    longest = max(pipe.length_m for pipe in whole.pipes)
    assert longest > LENGTH_M - 1.0  # a line across all cuts
    for cut_m in CUTS_M.get(name, (2.5,)):
        spread = _Counting()
        bench = Bench(Shelf(tmp_path / f"{cut_m}"), spread, round(cut_m * POINTS_PER_M), 0.475)
        pieces = _found(cloud, bench)
        assert spread.pieces >= LENGTH_M / cut_m
        assert np.array_equal(pieces.point_labels, whole.point_labels)
        assert _all_of(pieces) == _all_of(whole)
        del pieces, bench
        assert _open_below(tmp_path) == []


def _open_below(folder: Path) -> list[str]:
    """Return the files of a folder that this process maps; they keep their room on the disk."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    return [line for line in lines if str(folder) in line]
