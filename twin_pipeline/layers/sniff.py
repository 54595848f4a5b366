"""What a file is, told by its content; its name only helps with text."""

import sqlite3
from contextlib import closing
from enum import Enum
from pathlib import Path

from twin_pipeline.errors import InputError

_HEAD_BYTES = 2048
MOST_BYTES = 4 << 30
_SQLITE = b"SQLite format 3\0"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SHAPE = b"\0\0\x27\x0a"
_OTHER = {
    b"\x89PNG": "a PNG image without coordinates",
    b"\xff\xd8\xff": "a JPEG image without coordinates",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "gzip-packed; unpack it first",
    b"LASF": "a point cloud; run or tile takes those",
    b"glTF": "a glTF model",
    b"b3dm": "one tile of 3D Tiles; give the address of tileset.json",
}
KNOWN = "GeoTIFF, GeoJSON, Shapefile (.shp or .zip), GeoPackage, CSV and CZML"


class Form(Enum):
    """Formats of files."""

    GEOTIFF = "GeoTIFF"
    GEOJSON = "GeoJSON"
    SHAPEFILE = "Shapefile"
    ZIP = "Shapefile (zip)"
    GEOPACKAGE = "GeoPackage"
    CSV = "CSV"
    CZML = "CZML"


def form_of(path: Path, shown: str) -> Form:
    """Return the format of a file; `shown` is what errors call it.

    Raises
    ------
    InputError
        When there is no such file, it is empty, or it is none of the formats.
    """
    head = _head(path, shown)
    if head.startswith(_TIFF):
        return Form.GEOTIFF
    if head.startswith(_SHAPE):
        return Form.SHAPEFILE
    if head.startswith(_SQLITE):
        return _geopackage(path, shown)
    if head.startswith(b"PK\x03\x04"):
        return Form.ZIP
    for magic, what in _OTHER.items():
        if head.startswith(magic):
            raise InputError(f"{shown}: is {what}; {KNOWN} can be added")
    return _text_form(head, path, shown)


def _head(path: Path, shown: str) -> bytes:
    try:
        if path.is_dir():
            raise InputError(f"{shown}: is a folder; give a file or an address")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{shown}: is larger than 4 GB; cut it to the area first")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise InputError(f"{shown}: can't be read ({error.strerror}); check the path") from error
    if not head:
        raise InputError(f"{shown}: is empty (0 bytes); get the file again")
    return head


def _text_form(head: bytes, path: Path, shown: str) -> Form:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body")):
        raise InputError(
            f"{shown}: is an HTML page, likely the answer of a server in the file's place; get the "
            "file itself"
        )
    if start.startswith(b"<"):
        raise InputError(f"{shown}: is XML, which can't be added; {KNOWN} can")
    if start.startswith(b"{"):
        return Form.GEOJSON
    if start.startswith(b"["):
        return Form.CZML
    if b"\0" not in head and path.suffix.lower() in {".csv", ".txt", ".tsv"}:
        return Form.CSV
    raise InputError(f"{shown}: is none of the formats that can be added: {KNOWN}")


def _geopackage(path: Path, shown: str) -> Form:
    try:
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.execute("SELECT count(*) FROM gpkg_contents").fetchone()
            (sound,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise InputError(
            f"{shown}: is a database, but no sound GeoPackage ({error}); get the file again"
        ) from error
    if sound != "ok":
        raise InputError(f"{shown}: is damaged ({str(sound)[:80]}); get the file again")
    return Form.GEOPACKAGE
