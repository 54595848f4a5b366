"""What the levels of detail are like: their spectra, and how many points a view takes.

`python -m benchmarks.tiles.levels` tiles a field of random points, takes those that a viewer draws
at each level, and compares their spectrum with that of as many at random and of one a voxel.
Then it tiles a long street, looks at it from ten metres to ten kilometres away, and counts what is
drawn. It prints both tables and draws docs/images/tile_levels.svg.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import laspy
import numpy as np
import numpy.typing as npt

from benchmarks.tiles.figure import draw
from benchmarks.tiles.scan import write_scan
from benchmarks.tiles.views import View, seen, tree_of
from twin_pipeline.tiles.recover import recovered_points

Floats = npt.NDArray[np.float64]
ROOT = Path(__file__).parents[2]
FIGURE = ROOT / "docs" / "images" / "tile_levels.svg"
STREET = ("-c", str(ROOT / "configs" / "tokyo.toml"))
FIELD = ("--crs", "local", "--origin", "139.69,35.69,40")

FIELD_M, MARGIN_M = 40.0, 10.0
SIDE_M = FIELD_M - 2 * MARGIN_M
BINS = 1024
STEPS = 20
"""Of the frequency axis, for each mean frequency."""
HIGHEST = 3
"""Frequency up to which spectra are looked at, in mean frequencies."""
DISTANCES_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--field", type=float, default=4.0, metavar="MILLIONS")
    parser.add_argument("--street", type=float, default=10.0, metavar="MILLIONS")
    parser.add_argument("-o", "--out", type=Path, default=FIGURE)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="levels-") as name:
        folder = Path(name)
        _write_field(folder / "field.laz", int(given.field * 1e6))
        shown = list(_shown(_tiled(folder / "field.laz", FIELD)))
        compared = [_compared(level, xy) for level, xy in enumerate(shown)]
        _print_spectra(compared)
        write_scan(folder / "street.laz", int(given.street * 1e6))
        tree = tree_of(_tiled(folder / "street.laz", STREET))
        views = [seen(tree, distance) for distance in DISTANCES_M]
    _print_views(views)
    samples, spectra = (
        compared[0],
        {name: spectrum(xy, SIDE_M)[0] for name, xy in compared[0].items()},
    )
    given.out.write_text(draw(samples, spectra, STEPS), encoding="utf-8")


def _write_field(path: Path, points: int) -> None:
    rng = np.random.default_rng(3)
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.scales = np.full(3, 0.001)
    las = laspy.LasData(header)
    las.x, las.y = rng.uniform(0, FIELD_M, (2, points))
    las.z = 0.003 * rng.standard_normal(points)
    las.write(path)


def _tiled(scan: Path, place: tuple[str, ...]) -> Path:
    out = scan.with_suffix("")
    command = [sys.executable, "-m", "twin_pipeline", "tile", scan, "-o", out, "-q", *place]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return out / "tiles" / "points" / scan.stem / "tileset.json"


def _shown(tileset: Path) -> Iterator[Floats]:
    """Yield the (N, 2) points inside the margin that are drawn at each level but the last."""
    levels: dict[int, list[Floats]] = {}
    for tile in recovered_points(tileset):
        levels.setdefault(tile.level, []).append(tile.xyz[:, :2] - MARGIN_M)
    held = np.empty((0, 2))
    for _, parts in sorted(levels.items())[:-1]:
        held = np.concatenate((held, *parts))
        yield held[((held >= 0) & (held < SIDE_M)).all(axis=1)]


def spectrum(xy: Floats, side_m: float) -> tuple[Floats, float]:
    """Return the power of points (N, 2) in a square by frequency, and the greatest of all waves.

    1 is the power of points at random; frequencies are counted in root of points an area.
    """
    xy = xy + np.random.default_rng(9).uniform(-0.0005, 0.0005, xy.shape)  # off the file's grid
    counts, _, _ = np.histogram2d(*xy.T, bins=BINS, range=[[0, side_m]] * 2)
    window = np.outer(np.hanning(BINS), np.hanning(BINS))
    waves = np.fft.fft2((counts - counts.mean()) * window)
    power = np.abs(waves) ** 2 / (len(xy) * np.mean(window**2))
    along = np.fft.fftfreq(BINS, side_m / BINS) * side_m / np.sqrt(len(xy))
    step = (STEPS * np.hypot(*np.meshgrid(along, along))).astype(int).ravel()
    mean = np.bincount(step, power.ravel()) / np.bincount(step)
    inside = (step >= 2) & (step < HIGHEST * STEPS)
    return mean[: HIGHEST * STEPS], float(power.ravel()[inside].max())


def _compared(level: int, xy: Floats) -> dict[str, Floats]:
    """Return the points of a level, and about as many of other samplings."""
    rng = np.random.default_rng(level)
    width = SIDE_M / np.sqrt(len(xy))
    side = np.arange(int(SIDE_M / width)) + 0.5
    voxels = width * np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return {"tiles": xy, "at random": rng.uniform(0, SIDE_M, xy.shape), "one a voxel": voxels}


def _print_spectra(compared: list[dict[str, Floats]]) -> None:
    print("| level | points | sampling | power below half | greatest mean | greatest wave |")
    print("|---|---|---|---|---|---|")
    for level, samples in enumerate(compared):
        for name, xy in samples.items():
            mean, greatest = spectrum(xy, SIDE_M)
            low = float(mean[2 : STEPS // 2].mean())
            print(
                f"| {level} | {len(xy):,} | {name} | {low:.2f} | {mean[2:].max():.1f} "
                f"| {greatest:,.0f} |"
            )
    print(flush=True)


def _print_views(views: list[View]) -> None:
    print("| distance m | tiles | points | pixels between points |")
    print("|---|---|---|---|")
    for view in views:
        apart = f"{view.apart_px:.1f}"
        print(f"| {view.distance_m:,} | {view.tiles} | {view.points:,} | {apart} |")


if __name__ == "__main__":
    main()
