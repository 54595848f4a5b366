"""Sites of different coordinate systems and point formats in one tileset, each where it belongs."""

import hashlib
from pathlib import Path

import japan_geoid
import laspy
import numpy as np
import pyproj
import pytest
from conftest import in_this_process

from tests.tiles.reading import read_tiles
from twin_pipeline import batch, conducting
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.progress import Progress
from twin_pipeline.validation import validate_output

TOKYO, KOFU = (139.69, 35.69, 35.0), (138.57, 35.66, 270.0)
NATIONAL = Config(crs=CrsOptions(vertical="jgd2011", geoid="gsigeo2011", axis_order="en"))
LOCAL = Config(crs=CrsOptions(crs="local", origin=(139.6905, 35.6905, 72.0)))
SITES = {
    "nine": (6677, TOKYO, 2, "laz"),
    "eight": (6676, KOFU, 7, "las"),
    "utm": (6691, TOKYO, 8, "laz"),
    "bare": (6677, TOKYO, 0, "las"),
}
"""EPSG code, longitude, latitude and elevation, point format, and suffix of each site."""


def _street(number: int) -> np.ndarray:
    return np.random.default_rng(number).uniform((-10, -3, -1), (10, 3, 0), (800 + number, 3))


def _write(path: Path, xyz: np.ndarray, point_format: int, epsg: int | None) -> Path:
    header = laspy.LasHeader(point_format=point_format, version="1.4")
    header.scales, header.offsets = [0.001] * 3, np.floor(xyz.min(axis=0))
    if epsg is not None:
        header.add_crs(pyproj.CRS.from_epsg(epsg), keep_compatibility=False)
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.intensity = np.arange(len(xyz)) % 65_536
    if "red" in las.point_format.dimension_names:
        las.red = las.green = las.blue = np.arange(len(xyz)) % 256
    las.write(path)
    return path


@pytest.fixture
def scans(tmp_path) -> dict[str, Path]:
    """Return a scan of each site."""
    made = {}
    for number, (name, (epsg, place, point_format, suffix)) in enumerate(SITES.items()):
        east, north = pyproj.Transformer.from_crs(6668, epsg, always_xy=True).transform(*place[:2])
        xyz = np.add(_street(number), (east, north, place[2]))
        made[name] = _write(tmp_path / f"{name}.{suffix}", xyz, point_format, epsg)
    made["local"] = _write(tmp_path / "local.las", _street(9), 6, None)
    return made


def _expected(scan: Path) -> np.ndarray:
    """Earth-centred coordinates of a scan's points, by PROJ and the geoid alone."""
    las = laspy.read(scan)
    if scan.stem == "local":
        lon, lat, height = LOCAL.crs.origin
        east, north, up = (np.asarray(part) for part in (las.x, las.y, las.z))
        pipeline = f"+proj=topocentric +lon_0={lon} +lat_0={lat} +h_0={height} +ellps=GRS80"
        turn = pyproj.Transformer.from_pipeline(f"+proj=pipeline +step +inv {pipeline}")
        return np.stack(turn.transform(east, north, up), axis=1)
    epsg = SITES[scan.stem][0]
    to_lonlat = pyproj.Transformer.from_crs(epsg, 6668, always_xy=True)
    lon, lat = to_lonlat.transform(np.asarray(las.x), np.asarray(las.y))
    above = japan_geoid.load_embedded_gsigeo2011().get_heights(lon, lat)
    to_ecef = pyproj.Transformer.from_crs(4979, 4978, always_xy=True)
    return np.stack(to_ecef.transform(lon, lat, np.asarray(las.z) + above), axis=1)


def _require_in_place(out: Path, scan: Path) -> None:
    tiles = read_tiles(out / "tiles" / "points" / scan.stem / "tileset.json")
    number = np.concatenate([tile.columns["_INTENSITY"][:, 0] for tile in tiles]).astype(int)
    ecef = np.concatenate([tile.ecef for tile in tiles])
    expected = _expected(scan)
    assert np.array_equal(np.sort(number), np.arange(len(expected)))
    assert np.linalg.norm(ecef - expected[number], axis=1).max() < 0.001


def _traces(out: Path) -> dict[str, tuple[str, int]]:
    """Hash and time of change of each file of the points' tiles."""
    files = (path for path in (out / "tiles" / "points").rglob("*") if path.is_file())
    return {
        str(path.relative_to(out)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in files
    }


def _of(site: str, traces: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    return {name: trace for name, trace in traces.items() if f"/points/{site}/" in name}


def test_sites_of_any_system_are_added_and_taken_out_and_the_others_not_touched(scans, tmp_path):
    out, there = tmp_path / "out", ["nine"]
    batch.tile_batch([scans["nine"]], out, NATIONAL, Progress())
    for name in ("eight", "utm", "local", "bare"):
        before = _traces(out)
        config = LOCAL if name == "local" else NATIONAL
        batch.append_tiles([scans[name]], out, config, Progress())
        there.append(name)
        now = _traces(out)
        assert {key: now[key] for key in before} == before
        assert validate_output(out) == []
        for site in there:
            _require_in_place(out, scans[site])
    for name in ("utm", "nine", "local"):
        before = _traces(out)
        batch.remove_sites([name], out, Progress())
        now = _traces(out)
        assert _of(name, before)
        assert now == {key: before[key] for key in before.keys() - _of(name, before).keys()}
        assert validate_output(out) == []
    for name in ("eight", "bare"):
        _require_in_place(out, scans[name])


def test_several_systems_and_formats_are_tiled_in_one_call(scans, tmp_path, monkeypatch):
    monkeypatch.setattr(conducting, "on_cluster", in_this_process)
    out, given = tmp_path / "out", [scans[name] for name in SITES]
    summary = batch.tile_batch(given, out, NATIONAL, Progress())
    assert summary.record["counts"]["points_in_tiles"] == sum(800 + n for n in range(len(SITES)))
    assert validate_output(out) == []
    for scan in given:
        _require_in_place(out, scan)
