"""The files of a publication as catalogues tell of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from twin_pipeline.publication.told import Asset, Text
from twin_pipeline.publishing.pieces import Piece
from twin_pipeline.view.files import mime_type


@dataclass(frozen=True, slots=True)
class _Kind:
    key: str
    title: Text
    format: str
    role: str = "data"


_FILES = {
    "pipes.gpkg": _Kind("gpkg", Text("属性（全レイヤ）", "all layers"), "GPKG"),
    "pipes.geojson": _Kind("geojson", Text("管路中心線", "pipe centrelines"), "GeoJSON"),
    "pipes.csv": _Kind("pipes", Text("管路の表", "table of pipes"), "CSV"),
    "stations.csv": _Kind("stations", Text("測点の表", "table of stations"), "CSV"),
    "fittings.csv": _Kind("fittings", Text("継手・異形管の表", "table of fittings"), "CSV"),
    "report.html": _Kind("report", Text("計測報告書", "survey report"), "HTML", "metadata"),
}
_TILES = {
    "points": Text("点群", "point cloud"),
    "pipes": Text("管路（立体）", "pipes as solids"),
    "uncertainty": Text("位置の不確かさ", "uncertainty of the position"),
}
_FORMATS = {
    ".dxf": "DXF",
    ".fgb": "FlatGeobuf",
    ".gml": "CityGML",
    ".ifc": "IFC",
    ".kml": "KML",
    ".kmz": "KMZ",
    ".parquet": "Parquet",
    ".shp": "SHP",
    ".xml": "LandXML",
}
"""Of further formats those files that stand for all; others lie beside them."""
_MEDIA_TYPES = {
    ".dxf": "image/vnd.dxf",
    ".gml": "application/gml+xml",
    ".kml": "application/vnd.google-earth.kml+xml",
    ".kmz": "application/vnd.google-earth.kmz",
    ".parquet": "application/vnd.apache.parquet",
}


def file_assets(piece: Piece) -> Iterator[Asset]:
    """Yield the attribute files and the report of a piece, then what further formats it has."""
    for path, kind in _FILES.items():
        found = next((name for name in piece.files if _is(name, path)), None)
        if found is not None:
            yield _asset(piece, found, kind)
    for name in piece.files:
        if name.startswith("export/") and PurePosixPath(name).suffix in _FORMATS:
            yield _asset(piece, name, _further(name))


def tile_assets(pieces: Mapping[str, Piece], names: Mapping[str, str]) -> Iterator[Asset]:
    """Yield the tilesets of a site; `pieces` and paths in them (`names`) by layer."""
    for layer, piece in pieces.items():
        yield _asset(piece, names[layer], _Kind(f"{layer}-tiles", _TILES[layer], "3D Tiles"))


def _is(name: str, file: str) -> bool:
    path = PurePosixPath(name)
    return path.name == file and (len(path.parts) == 1 or path.parts[0] == "sites")


def _further(name: str) -> _Kind:
    path = PurePosixPath(name)
    folder = " ".join(path.parts[1:-1])
    key = "-".join((*path.parts[1:-1], path.stem))
    title = f"{path.stem} ({folder})"
    return _Kind(key, Text(title, title), _FORMATS[path.suffix])


def _asset(piece: Piece, name: str, kind: _Kind) -> Asset:
    sha256, size = piece.checksum(name)
    path = PurePosixPath(name)
    media_type = _MEDIA_TYPES.get(path.suffix.lower(), mime_type(path)).split(";")[0]
    return Asset(
        kind.key, piece.path(name), media_type, kind.format, kind.title, kind.role, sha256, size
    )
