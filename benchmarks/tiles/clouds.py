"""Clouds that are odd in one way each; of every one, each point must be in the tiles once.

`python -m benchmarks.tiles.clouds` writes them with a fixed seed, has each tiled with all its
attributes as 3D Tiles 1.1 and 1.0, and has the tiles validated. The suite does it with fewer
points, and compares what it reads from the tiles with what laspy reads from the scan.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import laspy
import numpy as np
import numpy.typing as npt

Xyz = npt.NDArray[np.float64]
Make = Callable[[int], laspy.LasData]

PLACE = ("--crs", "local", "--origin", "139.69,35.69,40")
VERSIONS = ("1.1", "1.0")
CELL_M = 4.096
"""Width of the cells into which points are sorted, at a scale of a millimetre."""


def _random(count: int) -> np.random.Generator:
    return np.random.default_rng(count)


def _street(count: int) -> Xyz:
    return _random(count).uniform((-20, -4, -2), (20, 4, 0), (count, 3))


def _las(
    xyz: Xyz,
    point_format: int = 3,
    scales: tuple[float, float, float] = (0.001, 0.001, 0.001),
    offsets: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> laspy.LasData:
    """Return a scan whose dimensions all have values of their own."""
    header = laspy.LasHeader(point_format=point_format, version="1.4")
    header.scales, header.offsets = np.array(scales), np.array(offsets)
    las, rng = laspy.LasData(header), _random(len(xyz))
    counts = np.rint((xyz - offsets) / scales).astype(np.int32)
    las.points = laspy.ScaleAwarePointRecord.zeros(len(xyz), header=header)
    las.X, las.Y, las.Z = counts.T
    las.intensity = rng.integers(0, 65536, len(xyz))
    las.classification = rng.integers(0, 256 if point_format > 5 else 32, len(xyz))
    las.return_number = rng.integers(0, 16 if point_format > 5 else 8, len(xyz))
    names = set(las.point_format.dimension_names)
    if "gps_time" in names:
        las.gps_time = rng.uniform(3e8, 3.1e8, len(xyz))
    if "red" in names:
        _paint(las, rng.integers(0, 65536, (len(xyz), 3)))
    if "nir" in names:
        las.nir = rng.integers(0, 65536, len(xyz))
    return las


def _paint(las: laspy.LasData, codes: npt.NDArray[np.integer]) -> laspy.LasData:
    las.red, las.green, las.blue = codes.astype(np.uint16).T
    return las


def _codes(count: int) -> npt.NDArray[np.int64]:
    return _random(count).integers(0, 256, (count, 3))


def _at_borders(count: int) -> Xyz:
    rng = _random(count)
    cells = rng.integers(-3, 4, (count, 3)) * CELL_M
    return np.asarray(cells + rng.integers(-1, 2, (count, 3)) * 0.001)


def _lattice(count: int) -> Xyz:
    side = round(count ** (1 / 3)) + 1
    steps = np.stack(np.meshgrid(*[np.arange(side)] * 3), axis=-1).reshape(-1, 3)
    return np.asarray(steps[:count] * 0.064)


def _apart(count: int, distance_m: float) -> Xyz:
    xyz = _street(count)
    xyz[count // 2 :, 0] += distance_m
    return xyz


def _sphere(count: int) -> Xyz:
    xyz = _random(count).standard_normal((count, 3))
    return np.asarray(5 * xyz / np.linalg.norm(xyz, axis=1, keepdims=True))


def _flagged(count: int) -> laspy.LasData:
    las = _las(_street(count), 6)
    for number, name in enumerate(("synthetic", "key_point", "withheld", "overlap")):
        setattr(las, name, np.arange(count) >> number & 1)
    return las


def _extra(count: int) -> laspy.LasData:
    las = _las(_street(count), 7)
    for name, kind in (("nothing", np.float32), ("flag", np.uint8), ("wide", np.float64)):
        las.add_extra_dim(laspy.ExtraBytesParams(name, kind))
    las.nothing, las.wide = np.full(count, np.nan), np.full(count, np.inf)
    return las


def _timed(count: int, low: float, high: float, *, standard: bool) -> laspy.LasData:
    las = _las(_street(count), 7)
    kinds = laspy.header.GpsTimeType
    las.header.global_encoding.gps_time_type = kinds.STANDARD if standard else kinds.WEEK_TIME
    las.gps_time = _random(count).uniform(low, high, count)
    return las


def _set(name: str, low: int, high: int, point_format: int = 7) -> Make:
    def make(count: int) -> laspy.LasData:
        las = _las(_street(count), point_format)
        setattr(las, name, _random(count).integers(low, high + 1, count))
        return las

    return make


def _at_ends(count: int) -> laspy.LasData:
    las = _las(_street(count), 6)
    las.intensity = np.where(np.arange(count) % 2, 65_535, 0)
    return las


def _shaped(shape: Callable[[int], Xyz]) -> Make:
    return lambda count: _las(shape(count))


def _of_format(number: int) -> Make:
    return lambda count: _las(_street(count), number)


def _scaled(*scales: float) -> Make:
    """Return a maker of points whose counts are the same, whatever they are multiplied with."""
    multiples = np.array(scales) / 0.001
    return lambda count: _las(_street(count) * multiples, scales=scales)  # type: ignore[arg-type]


def _offset(*offsets: float) -> Make:
    return lambda count: _las(_street(count), offsets=offsets)  # type: ignore[arg-type]


CLOUDS: dict[str, Make] = {
    "equal": _shaped(lambda count: np.full((count, 3), 1.234)),
    "one": _shaped(lambda _: np.array([[1.0, 2.0, 3.0]])),
    "two far": _shaped(lambda _: np.array([[0.0, 0.0, 0.0], [1e6, 0.0, 0.0]])),
    "two heaps far": _shaped(lambda count: _apart(count, 300_000.0)),
    "two heaps": _shaped(lambda count: _apart(count, 5_000.0)),
    "plane": _shaped(lambda count: _street(count) * (1, 1, 0)),
    "wall": _shaped(lambda count: _street(count) * (1, 0, 1)),
    "line": _shaped(lambda count: _street(count) * (1, 0, 0)),
    "slanting line": _shaped(lambda count: np.outer(np.linspace(0, 500, count), (1, 1, 0.1))),
    "cell borders": _shaped(_at_borders),
    "lattice": _shaped(_lattice),
    "sphere": _shaped(_sphere),
    "duplicates": _shaped(lambda count: np.repeat(_street(max(count // 500, 1)), 500, axis=0)),
    "one apart": _shaped(lambda count: np.vstack((_street(count), [[9_000.0, 9_000.0, 50.0]]))),
    "scale of a micrometre": _scaled(1e-6, 1e-6, 1e-6),
    "scale of ten metres": _scaled(10.0, 10.0, 0.01),
    "scales of their own": _scaled(0.001, 0.01, 0.1),
    "scales without a measure": _scaled(0.001, 0.0007, 0.0031),
    "scale of a quarter": _scaled(0.00025, 0.00025, 0.00025),
    "scale of an inch": _scaled(0.0254, 0.0254, 0.0254),
    "huge offsets": _offset(2_000_000.0, -2_000_000.0, 1_000_000.0),
    "odd offsets": _offset(0.12345678, -1 / 3, 1e-7),
    **{f"format {number}": _of_format(number) for number in range(11)},
    "extra bytes": _extra,
    "8-bit colours": lambda count: _paint(_las(_street(count)), _codes(count)),
    "8-bit colours above": lambda count: _paint(_las(_street(count)), 256 * _codes(count)),
    "8-bit colours twice": lambda count: _paint(_las(_street(count)), 257 * _codes(count)),
    "black": lambda count: _paint(_las(_street(count)), 0 * _codes(count)),
    "one bright": lambda count: _paint(
        _las(_street(count)), np.where(np.arange(count)[:, None], 0, 65_535) * np.ones((1, 3), int)
    ),
    "classes above 31": _set("classification", 32, 255),
    "all flags": _flagged,
    "no returns": _set("return_number", 0, 0),
    "fifteen returns": _set("return_number", 0, 15),
    "scan angles": _set("scan_angle", -30_000, 30_000),
    "intensities at the ends": _at_ends,
    "week time": lambda count: _timed(count, 0.0, 604_800.0, standard=False),
    "adjusted time": lambda count: _timed(count, -1e9, 1e9, standard=True),
    "absurd time": lambda count: _timed(count, -1e18, 1e18, standard=True),
    "no time": lambda count: _timed(count, 0.0, 0.0, standard=True),
}


def write_cloud(name: str, path: Path, points: int) -> Path:
    """Write one of the clouds as LAS or LAZ, as the path says."""
    CLOUDS[name](points).write(path)
    return path


def main() -> None:
    """Write, tile and validate all clouds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=300_000)
    parser.add_argument("--only", nargs="+", choices=CLOUDS, default=list(CLOUDS))
    given = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="clouds-") as folder:
        for name in given.only:
            scan = write_cloud(name, Path(folder) / "scan.laz", given.points)
            for version in VERSIONS:
                told = _tiled(scan, Path(folder) / "out", version)
                failed += bool(told)
                print(f"{name:26} {version}  {told or 'whole'}", flush=True)
    sys.exit(f"{failed} failed" if failed else 0)


def _tiled(scan: Path, out: Path, version: str) -> str:
    """Return what went wrong, nothing if all points are in the tiles."""
    form = ("--attributes", "all", "--tiles-version", version, "--overwrite", "-q")
    for command in (["tile", scan, "-o", out, *PLACE, *form], ["validate", out]):
        arguments = [sys.executable, "-m", "twin_pipeline", *map(str, command)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if done.returncode:
            return (
                f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-300:]}"
            )
    return ""


if __name__ == "__main__":
    main()
