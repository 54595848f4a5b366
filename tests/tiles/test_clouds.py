"""Odd clouds, tiled by command, and read back by readers that share nothing with the package."""

import json
import struct
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pytest

from benchmarks.tiles.clouds import CLOUDS, VERSIONS, write_cloud
from tests.tiles.reading import read_tiles
from twin_pipeline.batch import tile_batch
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.progress import Progress
from twin_pipeline.tiles import TilesOptions
from twin_pipeline.tiles.wanted import ALWAYS, ASKED
from twin_pipeline.validation import validate_output

POINTS = 2_500
ROUNDED = ("scale of a micrometre", "scales without a measure")
"""Their scales are finer than a tenth of a millimetre, or have no common measure."""

WANTED = {*ALWAYS, *ASKED}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CLOUDS)
def test_every_point_of_an_odd_cloud_is_in_the_tiles_once(name, version, tmp_path):
    scan = write_cloud(name, tmp_path / "scan.laz", POINTS)
    config = Config(
        crs=CrsOptions(crs="local", origin=(139.69, 35.69, 40.0)),
        tiles=TilesOptions(points_per_tile=1_000, attributes="all", tiles_version=version),
    )
    tile_batch([scan], tmp_path / "out", config, Progress())
    assert validate_output(tmp_path / "out") == []
    tileset = tmp_path / "out" / "tiles" / "points" / "scan" / "tileset.json"
    stated = json.loads(tileset.read_text("utf-8"))["asset"]["extras"]["points"]
    found = _of_glb(tileset, stated) if version == "1.1" else _of_pnts(tileset, stated)
    las = laspy.read(scan)
    assert set(_names(stated)) == WANTED & set(las.point_format.dimension_names)
    expected, off_m = _of_las(las, stated)
    assert _sorted(found).tolist() == _sorted(expected).tolist()
    assert off_m < (0.501e-4 if name in ROUNDED else 1e-3 * stated["grid_unit_m"])


def _sorted(columns: list[np.ndarray]) -> np.ndarray:
    """Points a row each, in an order of their own; times as their bits."""
    bits = [np.asarray(c, float).view(np.int64) if c.dtype.kind == "f" else c for c in columns]
    rows = np.stack([part.astype(np.int64) for part in bits], axis=1)
    return rows[np.lexsort(rows.T[::-1])]


def _of_las(las: laspy.LasData, stated: dict[str, Any]) -> tuple[list[np.ndarray], float]:
    """What tiles are to have, and how far off their grid the points lie at most, metres."""
    origin, unit = np.array(stated["grid_origin_m"]), stated["grid_unit_m"]
    xyz = np.stack([np.asarray(las.x), np.asarray(las.y), np.asarray(las.z)], axis=1)
    grid = np.rint((xyz - origin) / unit).astype(np.int64)
    off_m = np.abs(origin + grid * unit - xyz).max()
    held = [*grid.T, *(np.asarray(las[name]) for name in _names(stated))]
    return held, float(off_m)


def _names(stated: dict[str, Any]) -> list[str]:
    return [name for name in stated["attributes"] if name != "label"]


def _of_glb(tileset: Path, stated: dict[str, Any]) -> list[np.ndarray]:
    tiles = read_tiles(tileset)

    def column(semantic: str) -> np.ndarray:
        return np.concatenate([tile.columns[semantic] for tile in tiles])

    held = [*np.concatenate([tile.grid for tile in tiles]).T]
    for name in _names(stated):
        if name == "gps_time":
            parts = np.concatenate((column("_GPS_TIME"), column("_GPS_TIME_REST")), axis=1)
            rest = parts.astype(float)
            held.append(stated["gps_time_base_s"] + (rest[:, 0] + (rest[:, 1] + rest[:, 2])))
        elif name in ("red", "green", "blue"):
            channel = ("red", "green", "blue").index(name)
            step = stated["colour_code"]
            exact = column("_RGB_CODE") if not step else _code(column("COLOR_0")) * step
            held.append(exact[:, channel])
        else:
            held.append(column(f"_{name.upper()}")[:, 0])
    return held


def _code(light: np.ndarray) -> np.ndarray:
    linear = light / 65535
    code = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(code * 255).astype(int)


def _of_pnts(tileset: Path, stated: dict[str, Any]) -> list[np.ndarray]:
    parts = [_of_content(path, stated) for path in sorted(tileset.parent.rglob("*.pnts"))]
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


KINDS = {"UNSIGNED_BYTE": np.uint8, "UNSIGNED_SHORT": np.uint16, "DOUBLE": np.float64}
WIDTHS = {"SCALAR": 1, "VEC3": 3}


def _of_content(path: Path, stated: dict[str, Any]) -> list[np.ndarray]:
    data = path.read_bytes()
    ends = 28 + np.cumsum([0, *struct.unpack_from("<4I", data, 12)])
    texts, bodies = [data[ends[n] : ends[n + 1]] for n in (0, 2)], [int(ends[1]), int(ends[3])]
    features, batch = (json.loads(text or "{}") for text in texts)
    count = features["POINTS_LENGTH"]

    def held(at: dict[str, Any], body: int, kind: type, width: int) -> np.ndarray:
        flat = np.frombuffer(data, kind, count * width, body + at["byteOffset"])
        return flat.reshape(count, width)

    columns = {
        name: held(at, bodies[1], KINDS[at["componentType"]], WIDTHS[at["type"]])
        for name, at in batch.items()
    }
    position = held(features["POSITION"], bodies[0], np.float32, 3).astype(float)
    zero = np.array(features["extras"]["grid"])
    if "_GRID_LOW" in columns:
        grid = zero + columns["_GRID_LOW"].astype(int) + 65536 * columns["_GRID_HIGH"].astype(int)
    else:
        grid = zero + np.rint(position / stated["grid_unit_m"]).astype(int)
    found = [*grid.T]
    for name in _names(stated):
        if name in ("red", "green", "blue"):
            channel, step = ("red", "green", "blue").index(name), stated["colour_code"]
            rgb = held(features["RGB"], bodies[0], np.uint8, 3).astype(int) * step
            found.append((rgb if step else columns["rgb_code"])[:, channel])
        else:
            found.append(columns[name][:, 0])
    return found
