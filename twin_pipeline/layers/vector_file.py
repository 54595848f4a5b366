"""Reading Shapefiles and GeoPackages."""

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.errors
import pyogrio.raw
import shapely

from twin_pipeline.crs import map_system
from twin_pipeline.durable.scratch import scratch
from twin_pipeline.errors import GeoreferenceError, InputError
from twin_pipeline.layers.features import MOST_FEATURES, Features
from twin_pipeline.layers.sniff import Form
from twin_pipeline.layers.text import plain
from twin_pipeline.layers.wanted import Context

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_MOST_UNPACKED = 2 << 30
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
)
"""What unpacking raises of an archive that is not sound; a full disk is none of it."""
_DBF_HEAD = 32
_PROBE_BYTES = 4 << 20
_ERRORS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.GeometryError,
    pyogrio.errors.FieldError,
    pyogrio.errors.FeatureError,
    RuntimeError,
    UnicodeDecodeError,
)


def read_vector(path: Path, form: Form, context: Context) -> Features:
    """Read a Shapefile, alone or zipped, or one layer of a GeoPackage.

    Raises
    ------
    InputError
        When it is damaged, a part of it is missing, or which layer is meant is not said.
    GeoreferenceError
        When it has no CRS and none was given.
    """
    with _opened(path, form, context.source) as file:
        layer = _layer(file, form, context)
        encoding = None if form is Form.GEOPACKAGE else _encoding(file, context)
        try:
            info = pyogrio.read_info(file, layer=layer, encoding=encoding)
            _require_count(int(info["features"]), context.source)
            meta, _, geometry, columns = pyogrio.raw.read(file, layer=layer, encoding=encoding)
            shapes = shapely.from_wkb(geometry)
        except (*_ERRORS, shapely.errors.GEOSException) as error:
            raise _damaged(context.source, error) from error
    crs, notes = _crs(meta["crs"], context)
    system = map_system(crs, context.source, context.wanted.vertical)
    names = [str(name) for name in meta["fields"]]
    values = [_listed(column) for column in columns]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)] or [
        {} for _ in shapes
    ]
    return Features(list(shapes), rows, system, context.source, notes)


@contextmanager
def _opened(path: Path, form: Form, source: str) -> Iterator[Path]:
    """Yield the file that GDAL is to read, all of its parts in a folder of their own.

    GDAL looks into whatever lies beside a file, and takes much in a name for an instruction.
    """
    with scratch() as place:
        if form is Form.GEOPACKAGE:
            copied = place / "source.gpkg"
            shutil.copyfile(path, copied)
            yield copied
        elif form is Form.ZIP:
            _unpack(path, place, source)
            yield place / "source.shp"
        else:
            _copy_parts(path, place)
            _require_parts(place, source)
            yield place / "source.shp"


def _copy_parts(path: Path, place: Path) -> None:
    for beside in path.parent.iterdir():
        suffix = beside.suffix.lower()
        if beside.stem == path.stem and suffix in _PARTS and beside.is_file():
            shutil.copyfile(beside, place / f"source{suffix}")


def _unpack(path: Path, place: Path, source: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if Path(m.filename).suffix.lower() in _PARTS]
            shapes = [m for m in members if m.filename.lower().endswith(".shp")]
            if len(shapes) != 1:
                raise InputError(
                    f"{source}: has {len(shapes)} Shapefiles in it; unpack it and give one .shp"
                )
            stem = shapes[0].filename[:-4]
            wanted = [m for m in members if m.filename[:-4] == stem]
            if sum(m.file_size for m in wanted) > _MOST_UNPACKED:
                raise InputError(f"{source}: unpacks to more than 2 GB; unpack it and cut it first")
            for member in wanted:
                suffix = Path(member.filename).suffix.lower()
                _unpack_one(archive, member, place / f"source{suffix}")
    except _DAMAGED as error:
        raise InputError(
            f"{source}: can't be unpacked ({error}); it may be cut off or have a password"
        ) from error
    _require_parts(place, source)


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    left = member.file_size
    with archive.open(member) as packed, target.open("wb") as file:
        while block := packed.read(min(1 << 20, left + 1)):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile("a member is larger than it says")
            file.write(block)


def _require_parts(place: Path, source: str) -> None:
    for suffix in (".shx", ".dbf"):
        if not (place / f"source{suffix}").exists():
            raise InputError(
                f"{source}: has no {suffix} beside it; a Shapefile is .shp, .shx, .dbf and .prj"
            )
    shape = (place / "source.shp").read_bytes()[:100]
    stated = 2 * int.from_bytes(shape[24:28], "big")
    size = (place / "source.shp").stat().st_size
    if len(shape) < 100 or size < stated:
        raise InputError(f"{source}: is cut off ({size:,} bytes of {stated:,}); get the file again")


def _layer(file: Path, form: Form, context: Context) -> str | int:
    if form is not Form.GEOPACKAGE:
        return 0
    try:
        found = [(str(name), kind) for name, kind in pyogrio.list_layers(file)]
    except _ERRORS as error:
        raise _damaged(context.source, error) from error
    names = [name for name, kind in found if kind is not None]
    wanted = context.wanted.layer
    if wanted is not None:
        if wanted not in names:
            raise InputError(
                f"{context.source}: has no layer {wanted!r} with geometry; it has "
                f"{', '.join(names) or 'none'}"
            )
        return wanted
    if len(names) != 1:
        raise InputError(
            f"{context.source}: has {len(names)} layers with geometry"
            + (f": give one with --layer: {', '.join(names)[:300]}" if names else "")
        )
    return plain(names[0], f"{context.source}: name of a layer", "rename the layer")


def _encoding(file: Path, context: Context) -> str | None:
    """Return the encoding of a DBF: what was given or is stated, else what its bytes can be.

    Where nothing is stated GDAL takes Latin-1, and Japanese text becomes something else.
    """
    if context.wanted.encoding is not None:
        return context.wanted.encoding
    cpg = file.with_suffix(".cpg")
    if cpg.exists() and cpg.read_bytes().strip():
        return None
    data = file.with_suffix(".dbf").read_bytes()[:_PROBE_BYTES]
    if len(data) > 29 and data[29] not in (0, 0x57):
        return None
    for name in ("utf-8", "cp932"):
        # A character may be cut in two at the end of what is read.
        if any(_decodes(data[_DBF_HEAD : len(data) - cut], name) for cut in range(4)):
            return name
    raise InputError(
        f"{context.source}: which encoding its text has can't be told (neither UTF-8 nor CP932); "
        "give --encoding"
    )


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        # Lengths and types of fields are bytes of any value, but only in the head.
        _text_of(data).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _text_of(data: bytes) -> bytes:
    """Return a DBF's names of fields and records, without the binary parts of its head."""
    end = data.find(b"\r")
    names = b"".join(data[i : i + 11].split(b"\0")[0] for i in range(0, max(end, 0), 32))
    return names + b" " + data[end + 1 :]


def _crs(declared: Any, context: Context) -> tuple[str, tuple[str, ...]]:  # noqa: ANN401
    given = context.wanted.crs
    text = None if declared is None or "Undefined" in str(declared) else str(declared)
    if given is None and text is None:
        raise GeoreferenceError(
            f"{context.source}: has no CRS (no .prj, or an undefined system); give it with --crs, "
            "such as EPSG:6677"
        )
    if given is None:
        return str(text), ()
    if text is not None and text != given:
        return given, (f"its own CRS {text[:60]} is overridden by --crs {given}",)
    return given, ()


def _listed(column: Any) -> list[Any]:  # noqa: ANN401 - arrays of any type
    if np.issubdtype(column.dtype, np.datetime64):
        return [None if np.isnat(v) else str(v) for v in column]
    if column.dtype == object:
        return [v if isinstance(v, str | int | float | None) else str(v) for v in column]
    values: list[Any] = column.tolist()
    return values


def _require_count(features: int, source: str) -> None:
    if features > MOST_FEATURES:
        raise InputError(
            f"{source}: has {features:,} features, more than a browser bears ({MOST_FEATURES:,}); "
            "cut it to the area of the sites first, e.g. with `ogr2ogr -clipsrc`"
        )


def _damaged(source: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:160]
    return InputError(f"{source}: can't be read ({reason}); it may be damaged: get it again")
