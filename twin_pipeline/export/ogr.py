"""Tables as GDAL takes them, shared by the formats that it writes."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from twin_pipeline.crs import Target
from twin_pipeline.errors import OutputError
from twin_pipeline.export.attributes import Field, FieldKind, GeometryKind
from twin_pipeline.export.rows import Table
from twin_pipeline.model import FloatArray

NOWHERE = (
    'ENGCRS["Undefined Cartesian SRS",EDATUM["Unknown engineering datum"],CS[Cartesian,2],'
    'AXIS["x",unspecified,ORDER[1]],AXIS["y",unspecified,ORDER[2]],LENGTHUNIT["metre",1]]'
)
"""How GDAL spells the undefined Cartesian system that the GeoPackage standard numbers -1."""

DBF_TEXT_BYTES = 254
_FULL_BYTES = 65_536
"""A disk with less room is full: databases grow by some pages at a time."""

_LANGUAGE_BYTE, _SHIFT_JIS = 29, 0x13

_DTYPES: dict[FieldKind, npt.DTypeLike] = {
    FieldKind.TEXT: object,
    FieldKind.INTEGER: np.int64,
    FieldKind.REAL: np.float64,
    FieldKind.BOOLEAN: bool,
}


def write_layer(
    path: Path,
    table: Table,
    *,
    driver: str,
    crs: str,
    names: Iterable[str] | None = None,
    encoding: str | None = None,
    layer_options: Mapping[str, str] | None = None,
    append: bool = False,
) -> None:
    """Write a table as one layer.

    Parameters
    ----------
    path
        The file.
    table
        Rows and shapes.
    driver
        GDAL's name of the format.
    crs
        A name that GDAL knows, see `accepted_crs`.
    names
        Of the columns, if they are not to be the fields' own.
    encoding
        Of the text, where the format can have several.
    layer_options
        GDAL's layer creation options.
    append
        Whether the file holds other layers already.

    Raises
    ------
    OutputError
        When GDAL can't write it.
    """
    import pyogrio.errors
    import pyogrio.raw

    spatial = table.layer.geometry is not GeometryKind.NONE
    columns = [_column(spec, i, table) for i, spec in enumerate(table.layer.fields)]
    try:
        pyogrio.raw.write(
            path,
            geometries(table) if spatial else None,
            [values for values, _ in columns],
            list(names) if names is not None else [spec.name for spec in table.layer.fields],
            field_mask=[missing for _, missing in columns],
            layer=table.layer.name,
            driver=driver,
            geometry_type=table.layer.geometry.value if spatial else None,
            crs=crs if spatial else None,
            encoding=encoding,
            append=append,
            layer_options=dict(layer_options or {}),
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: Exception) -> OutputError:
    full = shutil.disk_usage(path.parent).free < _FULL_BYTES  # GDAL seldom says so
    reason = "the disk is full; make room, or write elsewhere" if full else str(error)[:300]
    return OutputError(f"{path}: can't be written: {reason}")


def write_shape_layer(path: Path, table: Table, names: list[str], encoding: str, crs: str) -> None:
    """Write one Shapefile whose texts fit a DBF, see `charset.fitting_bytes`."""
    write_layer(path, table, driver="ESRI Shapefile", crs=crs, names=names, encoding=encoding)
    if encoding == "CP932":
        # For programs that read no .cpg.
        with path.with_suffix(".dbf").open("r+b") as file:
            file.seek(_LANGUAGE_BYTE)
            file.write(bytes([_SHIFT_JIS]))


def geometries(table: Table) -> npt.NDArray[Any]:
    """Return the shapes as ISO WKB, (N,) bytes."""
    build = {
        GeometryKind.LINE: shapely.linestrings,
        GeometryKind.POINT: shapely.points,
        GeometryKind.POLYGON: shapely.polygons,
    }[table.layer.geometry]
    encoded = [shapely.to_wkb(build(shape), flavor="iso") for shape in table.shapes]
    return np.array(encoded, dtype=object)


def accepted_crs(target: Target, folder: Path) -> str:
    """Return the first name of the system that GDAL knows; its database is its own.

    `folder` takes a file for the time of a probe.
    """
    if target.is_local:
        return NOWHERE
    *preferred, last = crs_names(target)
    return next((crs for crs in preferred if _gdal_knows(crs, folder / "probe.gpkg")), last)


def crs_names(target: Target) -> tuple[str, ...]:
    """Return names of the system, the preferred one first."""
    codes = (target.epsg, target.horizontal_epsg)
    named = tuple(f"EPSG:{code}" for code in codes if code is not None)
    return (*named, target.wkt)


def plane_crs(target: Target) -> str:
    """Return the horizontal system's name, for formats whose readers stumble over heights in it."""
    if target.is_local:
        return NOWHERE
    return f"EPSG:{target.horizontal_epsg}" if target.horizontal_epsg else target.wkt


def _gdal_knows(crs: str, probe: Path) -> bool:
    import pyogrio.errors
    import pyogrio.raw

    nothing: FloatArray = np.array([], dtype=object)
    try:
        pyogrio.raw.write(
            probe, nothing, [], [], driver="GPKG", geometry_type=GeometryKind.POINT.value, crs=crs
        )
    except pyogrio.errors.CRSError:
        return False
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _unwritable(probe, error) from error
    finally:
        probe.unlink(missing_ok=True)
    return True


def _column(
    spec: Field, index: int, table: Table
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Return a column's values and where they are null; text carries its nulls itself."""
    values = [row[index] for row in table.rows]
    if spec.kind is FieldKind.TEXT:
        return np.array(values, dtype=object), None
    missing = np.array([value is None for value in values], dtype=bool)
    filled = [0 if value is None else value for value in values]
    return np.array(filled, dtype=_DTYPES[spec.kind]), missing
