"""Checks a finished output folder: tiles, attribute files, and the counts of run.json."""

import csv
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from twin_pipeline.export.attributes import FITTINGS, LAYERS, PIPES, STATIONS, TRENCH, Layer
from twin_pipeline.layers import layer_problems
from twin_pipeline.output import RECORD, read_record
from twin_pipeline.tiles import validate_tiles

_CSV_LAYERS = (PIPES, STATIONS, FITTINGS)
_COUNTED = {layer.name: layer.name for layer in _CSV_LAYERS} | {TRENCH.name: "trench_outlines"}
"""By layer, the key of run.json's counts."""


def validate_output(out: Path) -> list[str]:
    """Return what is wrong with an output folder, one line a problem; none if it is sound.

    Raises
    ------
    InputError
        When `out` is no output folder.
    """
    record = read_record(out)
    counts = record["counts"]
    problems = [str(problem) for problem in validate_tiles(out / "tiles", counts["points_in"])]
    # `tile` writes no attribute files.
    if (out / "pipes.gpkg").exists() or counts["points_labelled"]:
        problems += _attribute_problems(out, counts)
    problems += layer_problems(out)
    return problems


def _attribute_problems(out: Path, counts: Mapping[str, int]) -> Iterator[str]:
    for name in ("catalog.json", "report.html", "config.toml"):
        if not (out / name).is_file():
            yield f"{out / name}: is missing"
    yield from _gpkg_problems(out / "pipes.gpkg", counts)
    yield from _geojson_problems(out / "pipes.geojson", counts)
    for layer in _CSV_LAYERS:
        yield from _csv_problems(out / f"{layer.name}.csv", layer, counts)


def _gpkg_problems(path: Path, counts: Mapping[str, int]) -> Iterator[str]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            for layer in LAYERS:
                yield from _layer_problems(database, path, layer, counts)
    except sqlite3.Error as error:
        yield f"{path}: can't be read ({error})"


def _layer_problems(
    database: sqlite3.Connection, path: Path, layer: Layer, counts: Mapping[str, int]
) -> Iterator[str]:
    rows = database.execute("SELECT name FROM pragma_table_info(?)", (layer.name,))
    present = {name for (name,) in rows}
    if not present:
        yield f"{path}: layer {layer.name} is missing"
        return
    for field in layer.fields:
        if field.name not in present:
            yield f"{path}: layer {layer.name} has no field {field.name}"
    (held,) = database.execute(f'SELECT count(*) FROM "{layer.name}"').fetchone()  # noqa: S608
    if layer.name in _COUNTED:
        where = f"{path}: layer {layer.name}"
        yield from _count_problems(where, held, _COUNTED[layer.name], counts)


def _geojson_problems(path: Path, counts: Mapping[str, int]) -> Iterator[str]:
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        yield f"{path}: can't be read as GeoJSON ({error})"
        return
    yield from _count_problems(str(path), len(features), "pipes", counts)


def _csv_problems(path: Path, layer: Layer, counts: Mapping[str, int]) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = csv.reader(file)
    except (OSError, ValueError) as error:
        yield f"{path}: can't be read ({error})"
        return
    if head != [field.name for field in layer.fields]:
        yield f"{path}: its columns are not those of {layer.name}"
    yield from _count_problems(str(path), len(rows), _COUNTED[layer.name], counts)


def _count_problems(
    where: str, held: int, counted: str, counts: Mapping[str, int]
) -> Iterator[str]:
    if held != counts[counted]:
        yield f"{where}: holds {held} rows, but {RECORD} counts {counts[counted]} {counted}"
