"""A raster as Cloud Optimized GeoTIFF, and as a pyramid of map tiles (XYZ, web Mercator)."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.warp import transform_bounds

from twin_pipeline.layers.legend import Scale
from twin_pipeline.layers.raster_file import Raster, as_decided, damaged, quiet_gdal, warped
from twin_pipeline.progress import Progress

TILE = 256
MOST_TILES = 6_000
_DEEPEST = 22
_WORLD_M = 2 * math.pi * 6_378_137.0
"""Width of the web map, as OGC's WebMercatorQuad has it."""
_BLOCK = 8
"""Tiles a side that are warped at once."""
_FAILURES = (rasterio.errors.RasterioError, rasterio._err.CPLE_BaseError)  # noqa: SLF001

Square = tuple[int, int, int]
"""Level, column, row."""


def write_cog(raster: Raster, path: Path) -> None:
    """Write the raster's values as a Cloud Optimized GeoTIFF; that reads every pixel.

    Raises
    ------
    InputError
        When a part of it can't be read.
    """
    overviews = "nearest" if raster.palette is not None else "average"
    try:
        with as_decided(raster) as dataset:
            rasterio.shutil.copy(
                dataset,
                path,
                driver="COG",
                compress="DEFLATE",
                predictor="YES",
                overview_resampling=overviews,
                bigtiff="IF_SAFER",
                num_threads="1",
            )
    except _FAILURES as error:
        raise damaged(raster.source, error) from error


def levels_of(cog: Path) -> tuple[int, int, tuple[float, float, float, float]]:
    """Return the first and last level of a raster's pyramid, and its bounds on the web map.

    The last level loses no detail, unless that would take too many tiles; on the first the whole
    is on at most four.
    """
    with quiet_gdal(), rasterio.open(cog) as dataset:
        bounds = transform_bounds(dataset.crs, "EPSG:3857", *dataset.bounds, densify_pts=21)
        with rasterio.vrt.WarpedVRT(dataset, crs="EPSG:3857") as view:
            pixel_m = min(view.res)
    last = min(max(math.ceil(math.log2(_WORLD_M / TILE / pixel_m) - 0.05), 0), _DEEPEST)
    while last > 0 and sum(_count(level, bounds) for level in range(last + 1)) > MOST_TILES:
        last -= 1
    first = last
    while first > 0 and _count(first, bounds) > 2:
        first -= 1
    return first, last, bounds


def write_tiles(
    cog: Path,
    folder: Path,
    raster: Raster,
    scale: Scale | None,
    progress: Progress,
) -> tuple[int, int, int]:
    """Write the tiles of a raster as `{z}/{x}/{y}.png`, or `.webp` for pictures.

    Every tile within the bounds is there, so that nobody asks in vain.

    Returns
    -------
    tuple of int
        First level, last level, count of tiles.
    """
    first, last, bounds = levels_of(cog)
    paint = _painter(raster, scale)
    smooth = Resampling.nearest if raster.palette is not None else Resampling.bilinear
    total = sum(_count(level, bounds) for level in range(first, last + 1))
    done = 0
    try:
        with quiet_gdal(), rasterio.open(cog) as dataset:
            for level in range(first, last + 1):
                for block in _blocks(level, bounds):
                    done += _write_block(dataset, block, level, folder, raster, paint, smooth)
                    progress.advance(done, total)
    except _FAILURES as error:
        raise damaged(raster.source, error) from error
    return first, last, done


Paint = Callable[[npt.NDArray[Any], npt.NDArray[np.bool_]], npt.NDArray[np.uint8]]


def _painter(raster: Raster, scale: Scale | None) -> Paint:
    """Return what makes (4, H, W) red, green, blue, alpha of (B, H, W) values and (H, W) mask."""

    def picture(values: npt.NDArray[Any], good: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        return np.concatenate([values.astype(np.uint8), _alpha(good)])

    def palette(values: npt.NDArray[Any], good: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        table = np.zeros((1 + max(raster.palette or (0,)), 4), np.uint8)
        for value, colour in (raster.palette or {}).items():
            table[value] = colour
        painted = np.moveaxis(table[np.clip(values[0], 0, len(table) - 1)], -1, 0).copy()
        painted[3][~good] = 0
        return painted

    def ramp(values: npt.NDArray[Any], good: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        assert scale is not None  # noqa: S101 - a band of values has a scale
        numbers = values[0].astype(np.float64)
        colours = np.moveaxis(scale.colours(numbers), -1, 0)
        return np.concatenate([colours, _alpha(good & np.isfinite(numbers))])

    if raster.is_picture:
        return picture
    return ramp if raster.palette is None else palette


def _alpha(good: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    return np.where(good, 255, 0).astype(np.uint8)[np.newaxis]


def _write_block(
    dataset: Any,  # noqa: ANN401
    block: tuple[range, range],
    level: int,
    folder: Path,
    raster: Raster,
    paint: Paint,
    smooth: Resampling,
) -> int:
    columns, rows = block
    pixel_m = _WORLD_M / TILE / 2**level
    west = columns.start * TILE * pixel_m - _WORLD_M / 2
    north = _WORLD_M / 2 - rows.start * TILE * pixel_m
    transform = Affine(pixel_m, 0, west, 0, -pixel_m, north)
    size = TILE * max(len(columns), len(rows))
    with warped(dataset, transform, size, smooth) as view:
        values = view.read(list(raster.bands))
        good = view.read_masks(raster.bands[0]) > 0
        if raster.is_picture:
            good &= view.dataset_mask() > 0
    painted = paint(values, good)
    for column in columns:
        for row in rows:
            left, top = (column - columns.start) * TILE, (row - rows.start) * TILE
            image = painted[:, top : top + TILE, left : left + TILE]
            path = folder / str(level) / str(column) / f"{row}.{suffix_of(raster)}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_encoded(image, raster))
    return len(columns) * len(rows)


def suffix_of(raster: Raster) -> str:
    """Return the format of its tiles: exact colours for values, small files for pictures."""
    return "webp" if raster.is_picture else "png"


def _encoded(image: npt.NDArray[np.uint8], raster: Raster) -> bytes:
    driver = "WEBP" if raster.is_picture else "PNG"
    options = {"quality": 82} if raster.is_picture else {"zlevel": 6}
    with quiet_gdal(), MemoryFile() as memory:
        with memory.open(
            driver=driver, width=TILE, height=TILE, count=4, dtype="uint8", **options
        ) as file:
            file.write(image)
        data: bytes = memory.read()
    return data


def _blocks(
    level: int, bounds: tuple[float, float, float, float]
) -> Iterator[tuple[range, range]]:  # fmt: skip
    columns, rows = _covered(level, bounds)
    for left in range(columns.start, columns.stop, _BLOCK):
        for top in range(rows.start, rows.stop, _BLOCK):
            yield (
                range(left, min(left + _BLOCK, columns.stop)),
                range(top, min(top + _BLOCK, rows.stop)),
            )


def _covered(level: int, bounds: tuple[float, float, float, float]) -> tuple[range, range]:
    """Return the columns and rows of tiles that bounds on the web map touch."""
    west, south, east, north = bounds
    count = 2**level
    scale = count / _WORLD_M

    def number(metres: float) -> int:
        return min(max(math.floor(metres * scale), 0), count - 1)

    columns = range(number(west + _WORLD_M / 2), number(east + _WORLD_M / 2) + 1)
    rows = range(number(_WORLD_M / 2 - north), number(_WORLD_M / 2 - south) + 1)
    return columns, rows


def _count(level: int, bounds: tuple[float, float, float, float]) -> int:
    columns, rows = _covered(level, bounds)
    return len(columns) * len(rows)
