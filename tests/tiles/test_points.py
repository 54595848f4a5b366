import gc
import itertools
import json
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.factories import EASTING_M, GROUND_Z_M, NORTHING_M
from tests.tiles.earth import Degrees, Earth, Nowhere, Scan, scan_of, trench
from tests.tiles.reading import Tile, read_tiles
from twin_pipeline.crs import CrsOptions, CrsRecord, resolve
from twin_pipeline.errors import GeoreferenceError, InputError
from twin_pipeline.model import PointChunk
from twin_pipeline.tiles import points, validate_tiles
from twin_pipeline.tiles.plan import Bucket
from twin_pipeline.tiles.pointset import PointSet

CENTRE = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])


def _linear(codes: np.ndarray) -> np.ndarray:
    share = codes / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def _code(light: np.ndarray) -> np.ndarray:
    linear = light / 65535
    code = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(code * 255)


def _check(scan: Scan, out: Path, *, step: int = 1, tolerance_m: float = 0.0005) -> list[Tile]:
    """Every point is there once, in its place on the earth, with its attributes.

    `step` is the code of one 8-bit step of colour; 0 where there are 16 bits.
    """
    tiles = read_tiles(out / "tileset.json")
    columns = {
        name: np.concatenate([tile.columns[name] for tile in tiles])
        for name in tiles[0].columns
        if name not in ("POSITION", "_GRID_LOW", "_GRID_HIGH")
    }
    number = columns["_INTENSITY"][:, 0].astype(int) | columns["_LABEL"][:, 0].astype(int) << 16
    assert np.array_equal(np.sort(number), np.arange(len(scan.xyz)))
    ecef = np.concatenate([tile.ecef for tile in tiles])
    away = np.linalg.norm(ecef - Earth().to_ecef(scan.xyz)[number], axis=1)
    assert away.max() < tolerance_m
    for name in ("classification", "return_number"):
        assert np.array_equal(columns[f"_{name.upper()}"][:, 0], scan.attributes[name][number])
    base = _stated(out)["gps_time_base_s"]
    parts = (columns["_GPS_TIME"][:, :1], columns["_GPS_TIME_REST"])
    times = base + np.concatenate(parts, axis=1).astype(float)[:, ::-1].cumsum(axis=1)[:, -1]
    assert np.array_equal(times, scan.attributes["gps_time"][number])
    for channel, name in enumerate(("red", "green", "blue")):
        codes, light = scan.attributes[name][number], columns["COLOR_0"][:, channel]
        if step:
            assert np.array_equal(_code(light) * step, codes)
            assert np.abs(light / 65535 - _linear(codes / step)).max() <= 0.5 / 255
        else:
            assert np.array_equal(columns["_RGB_CODE"][:, channel], codes)
            assert np.abs(light / 65535 - _linear(codes / 257)).max() <= 0.5 / 65535
    assert (columns["COLOR_0"][:, 3] == 65535).all()
    assert not validate_tiles(out, len(scan.xyz))
    return tiles


def _stated(out: Path) -> dict[str, Any]:
    document = json.loads((out / "tileset.json").read_text("utf-8"))
    return document["asset"]["extras"]["points"]


def _spread(count: int, *widths_m: float) -> np.ndarray:
    rng = np.random.default_rng(count)
    return CENTRE + rng.uniform(-0.5, 0.5, (count, 3)) * widths_m


def _around_one_place(count: int) -> np.ndarray:
    return np.concatenate((trench(2_000), np.tile(CENTRE, (count, 1))))


CASES = {
    "trench": lambda: trench(30_000),
    "long street": lambda: trench(20_000, 300.0),
    "wide area": lambda: _spread(12_000, 900.0, 700.0, 30.0),
    "volume": lambda: _spread(9_000, 2.0, 2.0, 2.0),
    "vertical wall": lambda: _spread(9_000, 4.0, 0.0, 4.0),
    "line": lambda: _spread(5_000, 30.0, 0.0, 0.0),
    "all at one place": lambda: np.tile(CENTRE, (3_500, 1)),
    "many at one place": lambda: _around_one_place(3_500),
    "one point": lambda: CENTRE[None],
    "two far points": lambda: np.stack((CENTRE, CENTRE + np.array([2e3, -3e3, 40.0]))),
    "a far outlier": lambda: np.concatenate(
        (trench(3_000), CENTRE[None] + np.array([9e3, 9e3, 500.0]))
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_point_once_in_its_place_with_its_attributes(case, write):
    scan = scan_of(CASES[case]())
    out, summary = write(scan)
    tiles = _check(scan, out)
    assert summary.points == len(scan.xyz)
    assert summary.tiles == len(tiles)
    assert summary.bytes == sum((out / tile.uri).stat().st_size for tile in tiles)
    assert np.allclose((summary.lower, summary.upper), scan.bounds)
    assert max(len(tile.columns["POSITION"]) for tile in tiles) <= 1_000


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_boxes_hold_points_that_lie_hundreds_of_kilometres_apart(version, write):
    """Where the tile's floats are rounded by millimetres; the grid's words stay exact."""
    corners = np.array([(0, 0, 0), (3e5, 0, 0), (0, 3e5, 0), (3e5, 3e5, 0)])
    far = np.concatenate([np.add(_spread(200, 2.0, 2.0, 2.0), corner) for corner in corners])
    scan = scan_of(far)
    out, _ = write(scan, options={"tiles_version": version})
    assert validate_tiles(out, len(far)) == []


REAL = {
    "Tokyo, sea level by geoid": {"crs": "EPSG:6677", "vertical": "jgd2011", "geoid": "gsigeo2011"},
    "local frame": {"crs": "local", "origin": (139.69, 35.69, 40.0)},
}


@pytest.mark.parametrize("options", REAL.values(), ids=REAL)
def test_points_stand_where_the_real_georeference_puts_them(options, write):
    scan = scan_of(trench(6_000, 150.0))
    reference = resolve(
        CrsRecord(), CrsOptions(**({"axis_order": "en"} | options)), *scan.bounds, "site.laz"
    )
    out, _ = write(scan, georeference=reference)
    for tile in read_tiles(out / "tileset.json"):
        number = tile.columns["_INTENSITY"][:, 0]
        away = tile.ecef - reference.to_ecef(scan.xyz[number])
        assert np.linalg.norm(away, axis=1).max() < 0.0005


def test_file_s_own_integers_come_back(write):
    """A tile's whole numbers are the file's, up to a shift: nothing was rounded."""
    scan = scan_of(trench(5_000))
    out, _ = write(scan)
    millimetres = np.rint(scan.xyz * 1000).astype(np.int64)
    for tile in read_tiles(out / "tileset.json"):
        position = tile.columns["POSITION"]
        assert position.dtype == np.uint16
        number = tile.columns["_INTENSITY"][:, 0]
        x, y, z = position.astype(np.int64).T
        shift = np.column_stack((x, -z, y)) - millimetres[number]
        assert (shift == shift[0]).all()


@pytest.mark.parametrize("limit", [3_000, 400])
def test_scan_larger_than_memory_allows(limit, write, monkeypatch):
    """Cells that are too full for memory are divided on disk."""
    monkeypatch.setattr(points, "BUCKET_POINTS", limit)
    scan = scan_of(np.concatenate((trench(20_000), _spread(6_000, 0.5, 0.5, 0.01))))
    out, _ = write(scan)
    _check(scan, out)


def test_points_leave_memory_as_soon_as_their_tiles_are_written(write, monkeypatch):
    """Without the help of the garbage collector, which arrays alone do not wake."""
    monkeypatch.setattr(points, "BUCKET_POINTS", 2_000)
    load, loaded, alive = Bucket.load, [], []

    def watched(bucket: Bucket) -> tuple[PointSet, np.ndarray]:
        alive.append(sum(array() is not None for array in loaded))
        made = load(bucket)
        loaded.append(weakref.ref(made[0].ijk))
        return made

    monkeypatch.setattr(Bucket, "load", watched)
    gc.disable()
    try:
        write(scan_of(trench(40_000)), options={"threads": 1})
    finally:
        gc.enable()
    assert len(loaded) > 20
    assert max(alive) <= 1


def _contents(out: Path) -> dict[Path, bytes]:
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_result_does_not_depend_on_threads_or_chunks(write, monkeypatch, tmp_path):
    monkeypatch.setattr(points, "BUCKET_POINTS", 4_000)
    scan = scan_of(trench(15_000))
    written = [
        _contents(
            write(
                scan, chunk=chunk, out=tmp_path / str(threads) / "x", options={"threads": threads}
            )[0]
        )
        for threads, chunk in ((1, 100_000), (3, 977))
    ]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    "bounds",
    [
        (np.zeros(3), np.zeros(3)),
        (np.full(3, np.nan), np.full(3, np.inf)),
        (np.full(3, -1e12), np.full(3, 1e12)),
        (CENTRE + 5, CENTRE - 5),
    ],
)
def test_wrong_bounds_in_the_header_do_no_harm(bounds, write):
    scan = scan_of(trench(4_000))
    out, _ = write(scan, bounds=bounds)
    _check(scan, out)


@pytest.mark.parametrize(("brightest", "step"), [(255, 1), (255, 256), (255, 257), (65535, 0)])
def test_colours_of_8_and_16_bits(brightest, step, write):
    scan = scan_of(trench(3_000), brightest=brightest)
    for name in ("red", "green", "blue"):
        scan.attributes[name] *= max(step, 1)
    out, _ = write(scan)
    _check(scan, out, step=step)


@pytest.mark.parametrize("start_s", [3.2e8 + 0.123456789, 43_200.000001, 0.0, -2.5e8])
def test_times_come_back_bit_by_bit(start_s, write):
    scan = scan_of(trench(3_000))
    rng = np.random.default_rng(5)
    scan.attributes["gps_time"] = start_s + np.sort(rng.uniform(0, 4_000, 3_000))
    out, _ = write(scan)
    _check(scan, out)


def test_only_what_is_asked_for_is_carried(write):
    scan = scan_of(trench(2_000))
    for asked, more in (((), set()), (("return_number",), {"_RETURN_NUMBER"})):
        out, _ = write(scan, labels=None, name=f"n{len(asked)}", options={"attributes": asked})
        found = set(read_tiles(out / "tileset.json")[0].columns)
        assert found == {"POSITION", "COLOR_0", "_INTENSITY", "_CLASSIFICATION"} | more


@pytest.mark.parametrize(
    "scale_m", [(0.0001,) * 3, (0.01, 0.01, 0.001), (0.00025,) * 3, (0.02,) * 3]
)
def test_coordinates_keep_the_file_s_own_scale(scale_m, write):
    counts = np.rint((trench(4_000) - CENTRE) / scale_m)
    scan = scan_of(trench(4_000))
    scan = Scan(counts * scale_m + CENTRE, scan.attributes)
    out, _ = write(scan, scale_m=scale_m)
    stated = _stated(out)
    for tile in read_tiles(out / "tileset.json"):
        number = tile.columns["_INTENSITY"][:, 0]
        scanned = stated["grid_origin_m"] + tile.grid * stated["grid_unit_m"]
        assert np.abs(scanned - scan.xyz[number]).max() < 1e-7
    assert not validate_tiles(out, 4_000)


def test_compression_changes_nothing_but_the_size(write):
    scan = scan_of(trench(6_000))
    packed, small = write(scan, name="packed")
    plain, large = write(scan, name="plain", options={"compression": "none"})
    assert small.bytes < 0.75 * large.bytes
    pairs = zip(
        read_tiles(packed / "tileset.json"), read_tiles(plain / "tileset.json"), strict=True
    )
    for one, other in pairs:
        assert one.columns.keys() == other.columns.keys()
        for name, values in one.columns.items():
            assert np.array_equal(values, other.columns[name])


def test_scan_without_attributes(write):
    scan = Scan(trench(3_000), {})
    out, summary = write(scan, labels=None)
    assert not validate_tiles(out, 3_000)
    assert summary.points == 3_000
    assert set(read_tiles(out / "tileset.json")[0].columns) == {"POSITION"}


def test_shown_points_are_never_nearer_than_the_spacing(write):
    """The root shows a blue-noise pattern: no two points nearer than its spacing."""
    from scipy.spatial import cKDTree

    out, _ = write(scan_of(trench(30_000)), options={"error_per_spacing": 10.0})
    root = read_tiles(out / "tileset.json")[0]
    nearest = cKDTree(root.ecef).query(root.ecef, k=2)[0][:, 1]
    assert nearest.min() > 0.999 * root.error / 10.0
    assert np.median(nearest) < 1.5 * root.error / 10.0


def test_geometric_errors_fall_and_end_at_zero(write):
    out, _ = write(scan_of(trench(30_000)))
    tiles = read_tiles(out / "tileset.json")
    assert max(tile.depth for tile in tiles) >= 2
    path: list[float] = []
    for tile in tiles:
        path = [*path[: tile.depth], tile.error]
        assert all(above > below for above, below in itertools.pairwise(path))
    leaves = [a for a, b in itertools.pairwise(tiles) if b.depth <= a.depth]
    assert all(tile.error == 0 for tile in [*leaves, tiles[-1]])


def test_boxes_are_tight(write):
    out, _ = write(scan_of(trench(9_000)))
    for tile in read_tiles(out / "tileset.json"):
        if tile.error == 0:
            half = np.diag(tile.box[3:].reshape(3, 3))
            span = np.ptp(tile.local, axis=0) / 2
            assert np.allclose(half, span, atol=0.0011)


def test_tiles_are_well_filled(write):
    _, summary = write(scan_of(trench(100_000)))
    assert 0.5 * 1_000 < summary.points / summary.tiles <= 1_000


def test_progress_reaches_the_number_of_points(write):
    told: list[tuple[str, int]] = []
    write(scan_of(trench(9_000)), progress=lambda stage, done: told.append((stage, done)))
    assert told[-1] == ("build", 9_000)
    assert ("distribute", 9_000) in told


@pytest.mark.parametrize("georeference", [Degrees(), Nowhere()])
def test_coordinates_that_are_no_metres_are_refused(georeference, write, tmp_path):
    near_zero = scan_of(trench(2_000) - CENTRE + (40.0, 35.0, 0.0))
    with pytest.raises(GeoreferenceError, match="--crs"):
        write(near_zero, georeference=georeference)
    assert not list(tmp_path.rglob(".tiles-*"))


def test_nothing_to_tile(write):
    with pytest.raises(InputError, match="no points"):
        write(scan_of(np.empty((0, 3))))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9])
@pytest.mark.parametrize("place", [0, 1_500])
def test_point_off_the_earth_is_named(value, place, write, tmp_path):
    scan = scan_of(trench(2_000))
    scan.xyz[place, 1] = value
    with pytest.raises(InputError, match="point"):
        write(scan, bounds=(CENTRE, CENTRE), chunk=1_000)
    assert not list(tmp_path.rglob(".tiles-*"))


@pytest.mark.parametrize("count", [2_999, 3_001, 500])
def test_labels_of_another_scan_are_refused(count, write):
    with pytest.raises(InputError, match="label"):
        write(scan_of(trench(3_000)), labels=np.zeros(count, np.uint16))


def test_temporary_files_are_removed(write, tmp_path):
    class BrokenError(Exception):
        pass

    class Broken(Scan):
        def chunks(self, size: int = 500) -> Iterator[PointChunk]:
            yield from itertools.islice(super().chunks(size), 3)
            raise BrokenError

    made = scan_of(trench(3_000))
    write(made)
    with pytest.raises(BrokenError):
        write(Broken(made.xyz, made.attributes), name="broken", chunk=500)
    assert not list(tmp_path.rglob(".tiles-*"))
