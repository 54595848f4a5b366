"""Every coordinate and height conversion; nothing else in the package knows pyproj or a geoid.

`resolve` turns what a scan declares (`CrsRecord`) and what the user says (`CrsOptions`) into a
`Georeference`, or refuses with the flag that is missing. Nothing is guessed: heights above sea
level become ellipsoidal heights only through a named geoid, never through PROJ's vertical
transformations, which return heights unchanged where a grid is missing.
"""

from twin_pipeline.crs.agreement import elevation_shift_m, height_disagreements
from twin_pipeline.crs.georeference import Decision, Georeference
from twin_pipeline.crs.lonlat import MapSystem, map_system
from twin_pipeline.crs.options import CrsOptions
from twin_pipeline.crs.record import (
    CrsRecord,
    merge_records,
    record_from_geokeys,
    record_from_wkt,
)
from twin_pipeline.crs.resolve import resolve
from twin_pipeline.crs.restore import restore
from twin_pipeline.crs.target import Target, lonlat_target, projected_target, scan_target

__all__ = [
    "CrsOptions",
    "CrsRecord",
    "Decision",
    "Georeference",
    "MapSystem",
    "Target",
    "elevation_shift_m",
    "height_disagreements",
    "lonlat_target",
    "map_system",
    "merge_records",
    "projected_target",
    "record_from_geokeys",
    "record_from_wkt",
    "resolve",
    "restore",
    "scan_target",
]
