"""Data of others round a site in Tokyo, small and with known content; and services on 127.0.0.1."""

import csv
import json
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pyogrio.raw
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import from_origin

E, N = -12_795.0, -34_397.0
"""Middle of the site that `make_scan` writes, EPSG:6677."""
LON, LAT = Transformer.from_crs(6677, 4326, always_xy=True).transform(E, N)
STEP_DEG = 0.0002


def temperatures(size: int = 64) -> np.ndarray:
    """Return a plane that rises from 20 in the west to 40 in the east."""
    return np.tile(np.linspace(20.0, 40.0, size, dtype=np.float32), (size, 1))


def write_tif(path: Path, values: np.ndarray, **changes: Any) -> Path:
    """Write a GeoTIFF of pixels of one metre round the site."""
    bands = values if values.ndim == 3 else values[np.newaxis]
    count, rows, columns = bands.shape
    profile = {
        "driver": "GTiff",
        "width": columns,
        "height": rows,
        "count": count,
        "dtype": bands.dtype,
        "crs": "EPSG:6677",
        "transform": from_origin(E - columns / 2, N + rows / 2, 1.0, 1.0),
    } | changes
    with rasterio.open(path, "w", **profile) as file:
        file.write(bands)
    return path


def feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write_geojson(path: Path, *features: dict[str, Any], **members: Any) -> Path:
    content = {"type": "FeatureCollection", "features": list(features)} | members
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def square(lon: float = LON, lat: float = LAT, half: float = STEP_DEG) -> list[Any]:
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    return [[[lon + half * x, lat + half * y] for x, y in corners]]


def write_vector(path: Path, driver: str, **how: Any) -> Path:
    """Write three squares with Japanese text as EPSG:6677."""
    east, north = how.pop("at", (E, N))
    shapes = [shapely.box(east + 5 * i, north, east + 5 * i + 4, north + 4) for i in range(3)]
    geometry = np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object)
    names = np.array(["東京都", "新宿区", "西新宿"], dtype=object)
    how = {"crs": "EPSG:6677", "encoding": "UTF-8"} | how
    pyogrio.raw.write(
        path,
        geometry,
        [names, np.array([1.5, 2.5, np.nan])],
        ["名称", "値"],
        driver=driver,
        geometry_type="Polygon",
        **how,
    )
    return path


def write_csv(path: Path, head: list[str], *rows: list[Any], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def png(red: int, green: int, blue: int, alpha: int = 255) -> bytes:
    """Return a tile of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    row = b"\0" + bytes([red, green, blue, alpha]) * 256
    head = struct.pack(">IIBBBBB", 256, 256, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(row * 256))
        + chunk(b"IEND", b"")
    )


WMS = """<?xml version="1.0"?>
<WMS_Capabilities version="1.3.0" xmlns="http://www.opengis.net/wms">
<Service><Name>WMS</Name><Fees>none</Fees><AccessConstraints>CC BY 4.0</AccessConstraints></Service>
<Capability><Request><GetMap><Format>image/png</Format></GetMap></Request><Layer><Title>all</Title>
<EX_GeographicBoundingBox><westBoundLongitude>139</westBoundLongitude>
<eastBoundLongitude>141</eastBoundLongitude><southBoundLatitude>35</southBoundLatitude>
<northBoundLatitude>36</northBoundLatitude></EX_GeographicBoundingBox>
<Layer><Name>flood</Name><Title>浸水想定</Title><Attribution><Title>東京都</Title></Attribution>
</Layer><Layer><Name>broken</Name></Layer></Layer></Capability></WMS_Capabilities>"""
_MATRICES = "".join(
    f"<TileMatrix><ows:Identifier>{{prefix}}{level}</ows:Identifier>"
    f"<ScaleDenominator>{559082264.0287178 / 2**level}</ScaleDenominator></TileMatrix>"
    for level in range(19)
)
WMTS = """<?xml version="1.0"?>
<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1">
{operations}<Contents><Layer><ows:Identifier>photo</ows:Identifier><Style><ows:Identifier>default
</ows:Identifier></Style><Format>image/png</Format><TileMatrixSetLink><TileMatrixSet>web
</TileMatrixSet></TileMatrixSetLink>{resource}</Layer><TileMatrixSet><ows:Identifier>web
</ows:Identifier><ows:SupportedCRS>urn:ogc:def:crs:EPSG::3857</ows:SupportedCRS>{matrices}
</TileMatrixSet></Contents></Capabilities>""".replace("\n</", "</")
TILESET = {
    "asset": {"version": "1.1"},
    "geometricError": 10,
    "root": {
        "boundingVolume": {
            "region": [*np.radians([LON - 1e-4, LAT - 1e-4, LON + 1e-4, LAT + 1e-4]), 70, 80]
        },
        "geometricError": 0,
    },
}


def wmts(prefix: str = "", resource: str = "", get_tile: str = "") -> bytes:
    """Return capabilities with names of levels, tiles' addresses, and the address of GetTile."""
    operations = (
        '<ows:OperationsMetadata xmlns:xlink="http://www.w3.org/1999/xlink"><ows:Operation '
        f'name="GetTile"><ows:DCP><ows:HTTP><ows:Get xlink:href="{get_tile}"/></ows:HTTP></ows:DCP>'
        "</ows:Operation></ows:OperationsMetadata>"
    )
    parts = {
        "{matrices}": _MATRICES.replace("{prefix}", prefix),
        "{resource}": resource,
        "{operations}": operations if get_tile else "",
    }
    text = WMTS
    for name, value in parts.items():
        text = text.replace(name, value)
    return text.encode()


class Services(ThreadingHTTPServer):
    """Map tiles (levels 5 to 18), WMS, WMTS, 3D Tiles, and what is none of them."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[str] = []
        self.files: dict[str, bytes] = {
            "/tileset.json": json.dumps(TILESET).encode(),
            "/page/tileset.json": b"<!doctype html><title>Login</title>",
            "/other/tileset.json": b'{"type": "FeatureCollection"}',
        }


class _Handler(BaseHTTPRequestHandler):
    server: Services

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        parts = urlsplit(self.path)
        body, media_type = self._answer(parts.path, dict(parse_qsl(parts.query)))
        if parts.path == "/moved/tileset.json":
            self.send_response(302)
            self.send_header("Location", "http://localhost:1/tileset.json")
        else:
            self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body or b"")))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body or b"")

    def _answer(self, path: str, query: dict[str, str]) -> tuple[bytes | None, str]:
        if path in self.server.files:
            types = {".json": "application/json", ".glb": "model/gltf-binary", ".png": "image/png"}
            media_type = types.get(Path(path).suffix, "application/octet-stream")
            return self.server.files[path], media_type
        names = path.strip("/").split("/")
        if names[0] == "xyz":
            return (png(40, 200, 80) if 5 <= int(names[1]) <= 18 else None), "image/png"
        if names[0] == "wms" and query.get("layers") == "broken":
            return b"<ServiceException>no such table</ServiceException>", "text/xml"
        answers = {
            "/wms GetCapabilities": (WMS.encode(), "text/xml"),
            "/wms GetMap": (png(230, 60, 60), "image/png"),
            "/wmts GetCapabilities": (wmts(), "text/xml"),
            "/wmts GetTile": (png(60, 60, 230), "image/png"),
        }
        return answers.get(f"{path} {query.get('request', '')}", (None, "text/plain"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def services() -> Iterator[Services]:
    """Run the services while the block runs."""
    server = Services()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def to_plane(lon: float, lat: float) -> tuple[float, float]:
    """Return easting and northing, EPSG:6677."""
    return Transformer.from_crs(4326, 6677, always_xy=True).transform(lon, lat)


def around(east: float, north: float, size: int) -> Any:
    """Return the georeference of a raster with this middle, one metre a pixel."""
    return from_origin(east - size / 2, north + size / 2, 1.0, 1.0)
