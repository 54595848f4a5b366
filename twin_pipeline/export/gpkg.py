"""pipes.gpkg: every layer of the schema in one GeoPackage, in the coordinate system of the scan."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from twin_pipeline.crs import lonlat_target, scan_target
from twin_pipeline.export.attributes import Layer, SiteResult
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import staged
from twin_pipeline.export.gpkg_extras import add_extras
from twin_pipeline.export.ogr import NOWHERE, accepted_crs, crs_names, write_layer
from twin_pipeline.export.withheld import NOTHING, Withheld

TIMESTAMP_KEY = "scan_modified_at"
"""Provenance key (ISO 8601 with offset) that dates the file; equal provenance, equal bytes."""

_CHANGE_COUNTERS = 24, 92
"""Bytes of the header where they begin, four bytes each, most significant first."""


def write_gpkg(results: Sequence[SiteResult], path: Path, withheld: Withheld = NOTHING) -> Path:
    """Write all sites to one GeoPackage; a layer without rows still has its fields.

    Geometry is in the coordinate system of the scans. A layer can hold only one: where the
    sites' systems differ (see `share_crs`), it is in longitude and latitude (EPSG:4326).
    Its third coordinate is always the elevation in the scan's vertical datum.

    Raises
    ------
    OutputError
        When the file can't be written.
    """
    scanned = [scan_target(result.georeference) for result in results]
    target = scanned[0] if scanned and share_crs(results) else lonlat_target("scan")
    return write_gpkg_file(Dataset(tuple(results), target, withheld=withheld), path)


def write_gpkg_folder(dataset: Dataset, folder: Path) -> list[Path]:
    """Write pipes.gpkg into `folder`."""
    return [write_gpkg_file(dataset, folder / "pipes.gpkg")]


def write_gpkg_file(dataset: Dataset, path: Path) -> Path:
    """Write a dataset to one GeoPackage.

    Raises
    ------
    OutputError
        When the file can't be written.
    """
    with staged(path) as beside:
        crs = accepted_crs(dataset.target, beside.parent) if dataset.results else NOWHERE
        for table in dataset.tables():
            title = f"{table.layer.alias_ja}: {table.layer.description}"
            write_layer(
                beside,
                table,
                driver="GPKG",
                crs=crs,
                append=beside.exists(),
                layer_options={"DESCRIPTION": title},
            )
        layers = tuple(table.layer for table in dataset.tables())
        _finish(beside, _timestamp(dataset.results), layers)
        _forget_changes(beside)
    return path


def share_crs(results: Sequence[SiteResult]) -> bool:
    """Whether all sites' coordinates are in one system, whatever their vertical datums."""
    return len({crs_names(scan_target(result.georeference))[0] for result in results}) <= 1


def _timestamp(results: Sequence[SiteResult]) -> str | None:
    """Return the latest stated date as the standard writes it, or None where none is stated."""
    stated = [r.provenance[TIMESTAMP_KEY] for r in results if TIMESTAMP_KEY in r.provenance]
    if not stated:
        return None
    latest = max(datetime.fromisoformat(text).astimezone(UTC) for text in stated)
    return latest.strftime("%Y-%m-%dT%H:%M:%S.") + f"{latest.microsecond // 1000:03d}Z"


def _finish(path: Path, timestamp: str | None, layers: Sequence[Layer]) -> None:
    """Let the file explain itself, and give its layers their date."""
    with closing(sqlite3.connect(path)) as database, database:
        add_extras(database, timestamp, layers)
        if timestamp is not None:
            database.execute("UPDATE gpkg_contents SET last_change = ?", (timestamp,))


def _forget_changes(path: Path) -> None:
    """Set the counters of SQLite's header to one change: how many there were hangs on timing.

    See "File Change Counter" and "Version-Valid-For" in the SQLite database file format.
    """
    with path.open("r+b") as file:
        for offset in _CHANGE_COUNTERS:
            file.seek(offset)
            file.write((1).to_bytes(4, "big"))
