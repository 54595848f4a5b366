import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from twin_pipeline import batch
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import InputError
from twin_pipeline.progress import Progress
from twin_pipeline.validation import validate_output

pytestmark = pytest.mark.usefixtures("known_pipes")


@pytest.fixture
def out(make_scan, tmp_path):
    config = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))
    batch.run_batch([make_scan()], tmp_path / "out", config, Progress())
    return tmp_path / "out"


def test_finished_run_is_valid(out):
    assert validate_output(out) == []


@pytest.mark.parametrize(
    "name",
    ["pipes.gpkg", "pipes.geojson", "pipes.csv", "stations.csv", "fittings.csv", "catalog.json",
     "report.html", "config.toml"],
)  # fmt: skip
def test_missing_file_is_named(out, name):
    (out / name).unlink()
    assert any(name in problem for problem in validate_output(out))


def test_lost_row_is_told_from_every_format(out):
    _drop_last_line(out / "stations.csv")
    geojson = json.loads((out / "pipes.geojson").read_text("utf-8"))
    geojson["features"].pop()
    (out / "pipes.geojson").write_text(json.dumps(geojson), "utf-8")
    with closing(sqlite3.connect(out / "pipes.gpkg")) as database, database:
        database.execute("DELETE FROM provenance")
        _forget_triggers(database, "fittings")
        database.execute("DELETE FROM fittings WHERE chainage_m = 0")
    problems = validate_output(out)
    assert [problem.split(":")[0].rsplit("/", 1)[1] for problem in problems] == [
        "pipes.gpkg",
        "pipes.geojson",
        "stations.csv",
    ]
    assert "layer fittings" in problems[0]


def test_lost_field_is_named(out):
    with closing(sqlite3.connect(out / "pipes.gpkg")) as database, database:
        _forget_triggers(database, "pipes")
        database.execute("ALTER TABLE pipes RENAME COLUMN cover_std_m TO cover_sigma")
    (problem,) = validate_output(out)
    assert problem.endswith("layer pipes has no field cover_std_m")


def test_lost_tile_is_named(out):
    next((out / "tiles" / "points").rglob("*.glb")).unlink()
    assert any(".glb" in problem for problem in validate_output(out))


def test_wrong_count_of_points_is_told(out):
    record = json.loads((out / "run.json").read_text("utf-8"))
    record["counts"]["points_in"] += 1
    (out / "run.json").write_text(json.dumps(record), "utf-8")
    assert any("2001" in problem for problem in validate_output(out))


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_folder_that_is_no_output_is_an_error(tmp_path, text):
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError, match=r"run\.json"):
        validate_output(tmp_path)


def test_no_tiles_at_all_is_a_problem(out):
    shutil.rmtree(out / "tiles")
    assert validate_output(out)


def _drop_last_line(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


def _forget_triggers(database, table):
    """Triggers of the spatial index call functions that only GDAL has."""
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
    ).fetchall()
    for (name,) in names:
        database.execute(f'DROP TRIGGER "{name}"')
