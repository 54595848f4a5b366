"""Points flagged withheld: used for nothing, lost nowhere."""

import json

import laspy
import numpy as np
import pytest

from benchmarks.torture import make_scans
from tests.tiles.reading import read_tiles
from twin_pipeline import batch
from twin_pipeline.checking import check_scan
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import InputError
from twin_pipeline.model import PointLabel
from twin_pipeline.progress import Progress
from twin_pipeline.tiles import TilesOptions
from twin_pipeline.validation import validate_output

CONFIG = Config(
    crs=CrsOptions(crs="EPSG:6677", vertical="jgd2011", axis_order="en"),
    tiles=TilesOptions(attributes="withheld"),
)
FAR_M = 300.0


class Told(Progress):
    """Keeps what is told."""

    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """A trench, and the same with withheld points among and around the others."""
    (sound,) = make_scans(tmp_path_factory.mktemp("sound"), 1, thin=4)
    las = laspy.read(sound)
    rng = np.random.default_rng(1)
    xyz = np.asarray(las.xyz)
    strays = rng.uniform(xyz.min(axis=0), xyz.max(axis=0), (len(xyz) // 2, 3))
    strays[0, 2] += FAR_M
    every = np.concatenate([xyz, strays])
    flagged = np.arange(len(every)) >= len(xyz)
    order = rng.permutation(len(every))
    order[np.flatnonzero(order < len(xyz))] = np.arange(len(xyz))
    mixed = laspy.LasData(las.header)
    mixed.x, mixed.y, mixed.z = every[order].T
    mixed.withheld = flagged[order]
    path = tmp_path_factory.mktemp("mixed") / sound.name
    mixed.write(path)
    return sound, path, flagged[order]


def pipes(out):
    found = json.loads((out / "pipes.geojson").read_text("utf-8"))["features"]
    return [(p["geometry"], p["properties"]) for p in found]


def test_pipes_are_those_of_the_other_points_and_tiles_keep_all(scans, tmp_path):
    sound, mixed, flagged = scans
    for scan, out in ((sound, tmp_path / "sound"), (mixed, tmp_path / "mixed")):
        batch.run_batch([scan], out, CONFIG, Progress())
    out = tmp_path / "mixed"
    assert pipes(out) == pipes(tmp_path / "sound")
    assert pipes(out)
    assert validate_output(out) == []
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["counts"]["points_in"] == record["counts"]["points_labelled"] == len(flagged)
    assert record["counts"]["points_withheld"] == flagged.sum()
    share = f"{flagged.sum():,} of {len(flagged):,} points (33.3 %) are flagged withheld"
    (warning,) = [w["message"] for w in record["warnings"] if "withheld" in w["message"]]
    assert share in warning
    assert not any("bounding box" in w["message"] for w in record["warnings"])
    tiles = read_tiles(out / "tiles" / "points" / "site_000" / "tileset.json")
    labels = np.concatenate([tile.columns["_LABEL"] for tile in tiles])
    flags = np.concatenate([tile.columns["_WITHHELD"] for tile in tiles])
    assert np.array_equal(labels == PointLabel.WITHHELD, flags == 1)
    assert flags.sum() == flagged.sum()


def test_check_warns_of_them_and_refuses_a_scan_of_nothing_else(scans, tmp_path):
    _, mixed, flagged = scans
    told = Told()
    items = check_scan(mixed, CONFIG, told)
    assert any(item.kind == "pipes" and item.passed for item in items)
    (note,) = [note for note in told.notes if "withheld" in note]
    assert note.startswith(f"warning: {mixed.name}: {flagged.sum():,} of ")
    las = laspy.read(mixed)
    las.withheld = np.ones(len(las), bool)
    las.write(tmp_path / "all.laz")
    with pytest.raises(
        InputError, match=r"all\.laz: all of its .* flagged withheld.*clear the flag"
    ):
        check_scan(tmp_path / "all.laz", CONFIG, told)
    batch.tile_batch([tmp_path / "all.laz"], tmp_path / "out", CONFIG, Progress())
    assert validate_output(tmp_path / "out") == []
