"""What a file's records say about its coordinate reference system."""

import struct

import numpy as np

from twin_pipeline.crs import CrsRecord, merge_records, record_from_geokeys, record_from_wkt
from twin_pipeline.stages.read.header import ScanHeader

_PROJECTION = "LASF_Projection"
_WKT, _KEYS, _DOUBLES, _TEXTS = 2112, 34735, 34736, 34737


def crs_record(header: ScanHeader) -> CrsRecord:
    """Return what all WKT and GeoTIFF records of the file say together."""
    texts = [data.decode("utf-8", errors="replace") for data in header.find(_PROJECTION, _WKT)]
    records = [record_from_wkt(text) for text in texts]
    doubles = b"".join(header.find(_PROJECTION, _DOUBLES)[:1])
    ascii_values = b"".join(header.find(_PROJECTION, _TEXTS)[:1])
    keys = [_geokeys(data, doubles, ascii_values) for data in header.find(_PROJECTION, _KEYS)]
    return merge_records([*records, *map(record_from_geokeys, keys)])


def _geokeys(data: bytes, doubles: bytes, texts: bytes) -> dict[int, int | float | str]:
    """Resolve a GeoTIFF key directory: four shorts a key, after a header of four shorts."""
    shorts = np.frombuffer(data[: len(data) // 8 * 8], dtype="<u2").reshape(-1, 4)
    keys: dict[int, int | float | str] = {}
    for key, location, count, value in shorts[1:].tolist():
        if location == 0:
            keys[key] = value
        elif location == _TEXTS:
            keys[key] = texts[value : value + count].decode("latin-1").strip("\0| ")
        elif location == _DOUBLES and 8 * value + 8 <= len(doubles):
            keys[key] = struct.unpack_from("<d", doubles, 8 * value)[0]
    return keys
