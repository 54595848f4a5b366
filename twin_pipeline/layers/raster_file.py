"""Reading GeoTIFFs: whether one is sound, what its bands mean, which pixels are no data."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.env
import rasterio.errors
import rasterio.shutil
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.vrt import WarpedVRT

from twin_pipeline.crs import MapSystem, map_system
from twin_pipeline.errors import GeoreferenceError, InputError, UsageError
from twin_pipeline.layers.place import bounds_of, lonlat_checked, require_near
from twin_pipeline.layers.record import Bounds
from twin_pipeline.layers.wanted import Context
from twin_pipeline.model import FloatArray

MOST_PIXELS = 500_000_000
_MOST_BANDS = 64
_SAMPLE = 1024
"""Rows and columns that are looked at to find the range of values."""
_LIKELY_NODATA = (-9999.0, -99999.0, -32768.0, -3.4028234663852886e38, 3.4028234663852886e38)
_ERRORS = (rasterio.errors.RasterioError, rasterio.errors.RasterioIOError, ValueError)


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A sound GeoTIFF and what was decided about it."""

    path: Path
    source: str
    system: MapSystem
    crs: Any
    """The system as rasterio has it."""
    bands: tuple[int, ...]
    """Which are shown: one of values or of palette, three or four of colours."""
    palette: dict[int, tuple[int, int, int, int]] | None
    nodata: float | None
    bounds: Bounds
    unit: str | None
    sample: FloatArray
    """(N,) finite values out of the whole of one band of values; empty for pictures."""
    notes: tuple[str, ...]

    @property
    def is_picture(self) -> bool:
        """Whether its bands are colours."""
        return len(self.bands) > 1


@contextmanager
def quiet_gdal() -> Iterator[None]:
    """Give GDAL a bounded cache, and take tiles and files without coordinates for normal."""
    with rasterio.env.Env(GDAL_CACHEMAX=256), warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        yield


def read_raster(path: Path, context: Context) -> Raster:
    """Look at a GeoTIFF and decide how it is read; pixels are read later, all of them.

    Raises
    ------
    InputError
        When it is damaged, too large, or its bands can't be understood.
    GeoreferenceError
        When it has no coordinates or no CRS, or can't lie where it says.
    """
    source = context.source
    try:
        with quiet_gdal(), rasterio.open(path, driver="GTiff") as dataset:
            _require_bearable(dataset, source)
            crs, system, notes = _crs(dataset, context)
            bounds = _bounds(dataset, system, context)
            bands = _bands(dataset, context)
            palette = _palette(dataset, bands)
            nodata, sample = _values(dataset, bands, palette, context)
            unit = context.wanted.unit or dataset.units[bands[0] - 1] or None
    except _ERRORS as error:
        raise damaged(source, error) from error
    return Raster(
        path, source, system, crs, bands, palette, nodata, bounds, unit, sample, notes
    )  # fmt: skip


def damaged(source: str, error: Exception) -> InputError:
    """Return the error that says that a file can't be read."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    reason = " ".join(str(cause).split())[:160]
    return InputError(
        f"{source}: can't be read as GeoTIFF ({reason}); it is damaged or cut off: get it again"
    )


@contextmanager
def as_decided(raster: Raster) -> Iterator[Any]:
    """Yield the dataset with its CRS and no-data as decided."""
    with quiet_gdal(), rasterio.open(raster.path, driver="GTiff") as dataset:
        if dataset.crs == raster.crs and dataset.nodata == raster.nodata:
            yield dataset
            return
        with WarpedVRT(
            dataset,
            src_crs=raster.crs,
            crs=raster.crs,
            src_nodata=raster.nodata,
            nodata=raster.nodata,
            resampling=Resampling.nearest,
        ) as decided:
            yield decided


def _require_bearable(dataset: Any, source: str) -> None:  # noqa: ANN401
    pixels = dataset.width * dataset.height
    if pixels > MOST_PIXELS or dataset.count > _MOST_BANDS:
        raise InputError(
            f"{source}: says to have {dataset.width:,} x {dataset.height:,} pixels in "
            f"{dataset.count} bands, more than {MOST_PIXELS:,} in {_MOST_BANDS}; cut or coarsen it "
            "first, e.g. with gdal_translate -projwin or -outsize"
        )


def _crs(dataset: Any, context: Context) -> tuple[Any, MapSystem, tuple[str, ...]]:  # noqa: ANN401
    given, source = context.wanted.crs, context.source
    transform = dataset.transform
    if transform.is_identity or not (transform.determinant):
        raise GeoreferenceError(
            f"{source}: has no coordinates (no GeoTIFF tags and no world file beside it); "
            "georeference it first, e.g. with gdal_translate -a_ullr -a_srs"
        )
    if given is None and dataset.crs is None:
        raise GeoreferenceError(
            f"{source}: has no CRS; give it with --crs, such as EPSG:6677"
        )  # fmt: skip
    declared = dataset.crs
    text = given or _crs_text(declared)
    system = map_system(text, source)
    if given is None:
        return declared, system, ()
    crs = rasterio.crs.CRS.from_wkt(system.plane.crs.to_wkt("WKT1_GDAL"))
    if declared is None or declared == crs:
        return crs, system, ()
    return crs, system, (f"its own CRS {_crs_text(declared)[:60]} is overridden by --crs {given}",)


def _crs_text(crs: Any) -> str:  # noqa: ANN401
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _bounds(dataset: Any, system: MapSystem, context: Context) -> Bounds:  # noqa: ANN401
    at = np.linspace(0.0, 1.0, 9)
    columns = np.concatenate([at, at, np.zeros(9), np.ones(9)]) * dataset.width
    rows = np.concatenate([np.zeros(9), np.ones(9), at, at]) * dataset.height
    t = dataset.transform
    xy = np.column_stack((t.a * columns + t.b * rows + t.c, t.d * columns + t.e * rows + t.f))
    lonlat = lonlat_checked(system, xy, context.source)
    bounds = bounds_of(lonlat)

    def exchanged() -> Bounds | None:
        other = system.lonlat(xy[:, ::-1])
        return bounds_of(other) if np.isfinite(other).all() else None

    require_near(
        bounds,
        context.sites,
        context.source,
        force=context.wanted.force,
        exchanged=exchanged,
    )
    return bounds


def _bands(dataset: Any, context: Context) -> tuple[int, ...]:  # noqa: ANN401
    band = context.wanted.band
    if band is not None:
        if not 1 <= band <= dataset.count:
            raise UsageError(
                f"--band {band}: {context.source} has bands 1 to {dataset.count}"
            )  # fmt: skip
        return (band,)
    kinds = dataset.dtypes
    if any(np.dtype(kind).kind == "c" for kind in kinds):
        raise InputError(f"{context.source}: holds complex numbers, which have no colours")
    if dataset.count == 1:
        return (1,)
    alpha = dataset.colorinterp[-1] == ColorInterp.alpha
    if dataset.count == 2 and alpha:
        return (1,)
    if dataset.count in (3, 4) and set(kinds) == {"uint8"}:
        return (1, 2, 3)
    raise InputError(
        f"{context.source}: has {dataset.count} bands of {', '.join(sorted(set(kinds)))}, so which "
        "one is to be shown can't be told; give --band"
    )


def _palette(
    dataset: Any,  # noqa: ANN401
    bands: Sequence[int],
) -> dict[int, tuple[int, int, int, int]] | None:
    if len(bands) > 1 or dataset.colorinterp[bands[0] - 1] != ColorInterp.palette:
        return None
    found: dict[int, tuple[int, int, int, int]] = dataset.colormap(bands[0])
    return found


def _values(
    dataset: Any,  # noqa: ANN401
    bands: Sequence[int],
    palette: dict[int, tuple[int, int, int, int]] | None,
    context: Context,
) -> tuple[float | None, FloatArray]:
    """Return what stands for no data, and values from all over the raster."""
    given = _nodata_given(context)
    nodata = dataset.nodata if context.wanted.nodata is None else given
    shape = (min(dataset.height, _SAMPLE), min(dataset.width, _SAMPLE))
    sample = dataset.read(bands[0], out_shape=shape, resampling=Resampling.nearest)
    flags = dataset.mask_flag_enums[bands[0] - 1]
    stated = MaskFlags.all_valid not in flags or context.wanted.nodata is not None
    good = np.isfinite(sample) if sample.dtype.kind == "f" else np.ones(sample.shape, bool)
    if nodata is not None and np.isfinite(nodata):
        good &= sample != np.asarray(nodata).astype(sample.dtype)
    if MaskFlags.nodata not in flags:
        mask = dataset.read_masks(bands[0], out_shape=shape, resampling=Resampling.nearest)
        good &= mask > 0
    values = sample[good].astype(np.float64)
    if len(values) == 0:
        raise InputError(
            f"{context.source}: has nothing but no-data in it; nothing could be shown "
            "(--nodata says which value stands for no data)"
        )
    if len(bands) > 1 or palette is not None:
        return nodata, np.empty(0)
    if not stated:
        _require_no_hidden(values, context.source)
    return nodata, values


def _nodata_given(context: Context) -> float | None:
    text = context.wanted.nodata
    if text is None or text.lower() == "none":
        return None
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"--nodata {text}: is no number; give one, or none") from error


def _require_no_hidden(values: FloatArray, source: str) -> None:
    """Refuse a raster whose extreme value is one that stands for no data nearly everywhere."""
    for likely in _LIKELY_NODATA:
        share = float(np.isclose(values, likely, rtol=1e-6).mean())
        extreme = likely in (float(values.min()), float(values.max())) or share > 0
        if share > 0 and extreme:
            raise InputError(
                f"{source}: {100 * share:.1f} % of its pixels have the value {likely:g}, which "
                f"usually stands for no data, but it doesn't say so; give --nodata {likely:g}, or "
                "--nodata none if it is a value"
            )


def warped(dataset: Any, transform: Any, size: int, resampling: Resampling) -> Any:  # noqa: ANN401
    """Return a view of a dataset on a square of the web map, as a context manager."""
    return WarpedVRT(
        dataset,
        crs="EPSG:3857",
        transform=transform,
        width=size,
        height=size,
        resampling=resampling,
    )
