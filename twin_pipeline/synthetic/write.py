"""Write a synthetic scan as LAS or LAZ, with the coordinate system recorded as surveyors do."""

import struct
from pathlib import Path

import laspy
import numpy as np

from twin_pipeline.errors import UsageError
from twin_pipeline.synthetic.scanning import Scan

GEOKEY_DIRECTORY = 34735
WKT_RECORD = 2112
PROJECTED_KEY = 3072
VERTICAL_KEY = 4096
MODEL_KEY = 1024
RASTER_KEY = 1025


def write_las(
    scan: Scan,
    path: Path,
    *,
    crs: str | None = "EPSG:6677",
    version: str = "1.2",
    point_format: int | None = None,
    scale_m: float = 0.001,
) -> None:
    """Write a scan as LAS, or LAZ where the path ends in .laz.

    Parameters
    ----------
    crs
        "EPSG:6677", "EPSG:6677+6695" (with heights), well-known text, or None for no record.
        Codes are written as GeoTIFF keys.
    point_format
        Without it 3 for LAS up to 1.3 and 7 for LAS 1.4; formats without colour or time leave
        them out.
    scale_m
        Resolution of the coordinates.

    Raises
    ------
    UsageError
        Where the coordinate system is neither a code nor well-known text.
    """
    number = point_format if point_format is not None else (7 if version == "1.4" else 3)
    header = laspy.LasHeader(version=version, point_format=number)
    header.scales = np.full(3, scale_m)
    header.offsets = np.floor(scan.xyz.min(axis=0)) if len(scan.xyz) else np.zeros(3)
    header.generating_software = "twin_pipeline synthetic"
    header.global_encoding.gps_time_type = laspy.header.GpsTimeType.STANDARD
    if crs is not None:
        header.vlrs.append(_crs_record(crs))
        header.global_encoding.wkt = not crs.startswith("EPSG:")
    las = laspy.LasData(header)
    las.xyz = scan.xyz
    las.intensity = scan.intensity
    las.return_number = np.ones(len(scan.xyz), dtype=np.uint8)
    las.number_of_returns = np.ones(len(scan.xyz), dtype=np.uint8)
    names = set(las.point_format.dimension_names)
    if "gps_time" in names:
        las.gps_time = scan.gps_time
    if "red" in names:
        las.red, las.green, las.blue = scan.rgb.T
    part = path.with_name(path.stem + ".part" + path.suffix)
    las.write(part)
    part.replace(path)


def _crs_record(crs: str) -> laspy.VLR:
    if not crs.startswith("EPSG:"):
        if "[" not in crs:
            raise UsageError(f"crs {crs!r} is neither EPSG:<code> nor well-known text")
        text = crs.encode() + b"\0"
        return laspy.VLR("LASF_Projection", WKT_RECORD, "WKT", text)
    codes = crs.removeprefix("EPSG:").split("+")
    if len(codes) > 2 or not all(code.isdigit() for code in codes):
        raise UsageError(f"crs {crs!r} must be EPSG:<code> or EPSG:<horizontal>+<vertical>")
    keys = [(MODEL_KEY, 1), (RASTER_KEY, 1), (PROJECTED_KEY, int(codes[0]))]
    keys += [(VERTICAL_KEY, int(code)) for code in codes[1:]]
    directory = struct.pack("<4H", 1, 1, 0, len(keys))
    directory += b"".join(struct.pack("<4H", key, 0, 1, value) for key, value in keys)
    return laspy.VLR("LASF_Projection", GEOKEY_DIRECTORY, "GeoTIFF keys", directory)
