"""Loads into a real PostGIS."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import psycopg
import pytest
import shapely
from pydantic import SecretStr

from tests.export.test_formats import located
from tests.postgis.conftest import PASSWORD, QUOTED
from twin_pipeline import batch, exporting
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import GeoreferenceError, OutputError, UsageError
from twin_pipeline.export.attributes import LAYERS, PIPES, STATIONS
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.postgis.load import load_postgis
from twin_pipeline.export.rows import pipes_table, stations_table
from twin_pipeline.progress import Progress

NASTY = "x'); DROP TABLE twin_pipeline.pipes; --\"%s{}"


def load(dsn, *results, notes=None, **options):
    given = ExportOptions(dsn=SecretStr(dsn), **options)
    return load_postgis(results, given, (notes if notes is not None else []).append)


def query(dsn, text, *values):
    with psycopg.connect(dsn) as connection:
        return connection.execute(text, values or None).fetchall()


def with_pipes(result, *pipes):
    return replace(result, survey=replace(result.survey, pipes=pipes))


def everything(dsn):
    tables = [layer.name for layer in LAYERS] + ["history"]
    return {t: query(dsn, f"SELECT * FROM twin_pipeline.{t} ORDER BY 1, 2, 3, 4") for t in tables}  # noqa: S608


def test_rows_are_the_surveys_with_geometry_to_a_millimetre(dsn):
    result = located(NASTY)
    told = load(dsn, result)
    assert "pipes 3 (3 new or changed, 0 deleted)" in told
    for layer, build, order in ((PIPES, pipes_table, "pipe_id"),
                                (STATIONS, stations_table, "pipe_id, number")):  # fmt: skip
        columns = ", ".join(f'"{spec.name}"' for spec in layer.fields)
        rows = query(
            dsn,
            f"SELECT {columns}, ST_AsBinary(geom), ST_SRID(geom) FROM twin_pipeline.{layer.name}"  # noqa: S608
            f" ORDER BY {order}",
        )
        table = build([result])
        assert [row[:-2] for row in rows] == list(table.rows)
        for row, shape in zip(rows, table.shapes, strict=True):
            found = shapely.get_coordinates(shapely.from_wkb(bytes(row[-2])), include_z=True)
            assert np.abs(found - np.atleast_2d(shape)).max() < 0.001
            assert row[-1] == 6677


def test_tables_have_constraints_index_and_comments(dsn):
    load(dsn, located("a"))
    kinds = query(
        dsn,
        "SELECT c.relname, contype, count(*) FROM pg_constraint JOIN pg_class AS c"
        " ON c.oid = conrelid WHERE connamespace = 'twin_pipeline'::regnamespace"
        " GROUP BY 1, 2",
    )
    counts = {(table, kind): count for table, kind, count in kinds}
    assert counts["pipes", "p"] == counts["stations", "p"] == 1
    assert counts["stations", "f"] == counts["fittings", "f"] == 1
    assert counts["pipes", "c"] > 9
    for change in ("outer_diameter_m = -1", "role = 'sewer'", "nominal_probability = 2"):
        with pytest.raises(psycopg.errors.CheckViolation):
            query(dsn, f"UPDATE twin_pipeline.pipes SET {change} RETURNING 1")  # noqa: S608
    indexes = query(
        dsn, "SELECT tablename FROM pg_indexes WHERE indexdef LIKE '%USING gist%' ORDER BY 1"
    )
    assert indexes == [("fittings",), ("pipes",), ("stations",), ("trench",)]
    comments = query(
        dsn,
        "SELECT col_description('twin_pipeline.pipes'::regclass, attnum) FROM pg_attribute"
        " WHERE attrelid = 'twin_pipeline.pipes'::regclass AND attname = 'cover_min_m'",
    )
    assert comments == [("土被り最小: least cover, ground to crown [m]",)]


def test_the_same_again_changes_nothing(dsn):
    results = (located("a"), located("b"))
    load(dsn, *results)
    before = everything(dsn)
    told = load(dsn, *results)
    assert "pipes 6 (0 new or changed, 0 deleted)" in told
    assert everything(dsn) == before
    assert before["history"] == []


def test_changes_are_kept_and_other_sites_left_alone(dsn):
    first, other = located("a"), located("b")
    load(dsn, first, other)
    main, branch, crossing = first.survey.pipes
    moved = replace(main, outer_diameter_m=0.3, centreline=main.centreline + 0.01)
    again = with_pipes(first, moved, branch)  # P3 was a mistake
    told = load(dsn, again)
    assert "pipes 2 (1 new or changed, 1 deleted)" in told
    assert query(dsn, "SELECT pipe_id FROM twin_pipeline.pipes WHERE site = 'a' ORDER BY 1") == [
        ("P1",), ("P2",),
    ]  # fmt: skip
    assert query(dsn, "SELECT count(*) FROM twin_pipeline.pipes WHERE site = 'b'") == [(3,)]
    rows = query(
        dsn,
        "SELECT pipe_id, operation, (was ->> 'outer_diameter_m')::float,"
        " ST_AsBinary((was ->> 'geom')::geometry), changed_by FROM twin_pipeline.history"
        " WHERE table_name = 'pipes' ORDER BY pipe_id",
    )
    assert [row[:3] for row in rows] == [("P1", "UPDATE", 0.22), ("P3", "DELETE", 0.0893)]
    was = shapely.get_coordinates(shapely.from_wkb(bytes(rows[0][3])), include_z=True)
    assert np.array_equal(was, main.centreline)
    assert rows[0][4] == "owner"
    gone = query(
        dsn,
        "SELECT count(*) FROM twin_pipeline.history WHERE table_name = 'stations'"
        " AND pipe_id = 'P3' AND operation = 'DELETE'",
    )
    assert gone == [(len(crossing.stations),)]
    load(dsn, with_pipes(first))
    assert query(dsn, "SELECT count(*) FROM twin_pipeline.stations WHERE site = 'a'") == [(0,)]


@pytest.mark.parametrize("tables_there", [True, False])
def test_a_failed_load_leaves_the_tables_as_they_were(dsn, tables_there):
    good = located("a")
    if tables_there:
        load(dsn, good)
    pipe = good.survey.pipes[0]
    changed = replace(pipe, outer_diameter_m=0.3)
    bad = replace(pipe, pipe_id="P9", nominal_probability=1.5)
    before = everything(dsn) if tables_there else None
    with pytest.raises(OutputError, match=r"nothing was loaded: .*check constraint"):
        load(dsn, with_pipes(good, changed, bad))
    if tables_there:
        assert everything(dsn) == before
    else:
        assert query(dsn, "SELECT to_regnamespace('twin_pipeline')") == [(None,)]


def test_a_schema_of_somebody_else_is_left_alone(dsn):
    with psycopg.connect(dsn) as connection:
        connection.execute('CREATE SCHEMA "it\'s; mine"')
        connection.execute('CREATE TABLE "it\'s; mine".pipes (id int)')
    with pytest.raises(OutputError, match="that twin_pipeline did not make"):
        load(dsn, located("a"), database_schema="it's; mine")
    load(dsn, located("a"), database_schema='"other"; --')
    assert query(dsn, 'SELECT count(*) FROM """other""; --".pipes') == [(3,)]


def test_the_tables_crs_holds_for_later_loads(dsn):
    result, notes = located("a"), []
    load(dsn, result, crs="EPSG:6676")
    load(dsn, located("b"), crs="EPSG:6675", notes=notes)
    assert notes == ["the tables are in EPSG:6676, so EPSG:6675 is not used"]
    rows = query(
        dsn, "SELECT DISTINCT ST_SRID(geom), ST_X(ST_StartPoint(geom)) > 90000"
        " FROM twin_pipeline.pipes",
    )  # fmt: skip
    assert rows == [(6676, True)]
    back = query(
        dsn,
        "SELECT ST_AsBinary(ST_Transform(geom, 6677)) FROM twin_pipeline.pipes"
        " WHERE site = 'a' AND pipe_id = 'P1'",
    )
    found = shapely.get_coordinates(shapely.from_wkb(bytes(back[0][0])), include_z=True)
    assert np.abs(found - result.survey.pipes[0].centreline).max() < 0.001


def test_sites_in_several_systems_need_one_named(dsn):
    results = (located("a"), located("b", crs="EPSG:6677", vertical="ap"))
    load(dsn, *results)
    local = replace(located("c"), georeference=located_locally())
    with pytest.raises(GeoreferenceError, match="--crs EPSG:code"):
        load(dsn, local, database_schema="other")
    load(dsn, local, database_schema="other", crs="EPSG:6677")


def located_locally():
    from twin_pipeline.crs import CrsRecord, resolve

    options = CrsOptions(crs="local", origin=(139.7, 35.7, 77.0))
    return resolve(CrsRecord(), options, np.full(3, -9.0), np.full(3, 9.0), "made by hand")


@pytest.mark.parametrize("secret", [PASSWORD, QUOTED])
@pytest.mark.parametrize(
    "change",
    [("owner:", "owner:wrong-"), ("127.0.0.1:", "127.0.0.1:1"), ("/db", "/absent-db"),
     ("postgresql://", "postgres//"), ("?", "?nonsense=1&"), ("%2F", "/")],
)  # fmt: skip
def test_no_error_tells_the_password(dsn, change, secret, capfd):
    wrong = (dsn + "?connect_timeout=3").replace(*change, 1)
    with pytest.raises((OutputError, UsageError)) as caught:
        load(wrong, located("a"))
    told = str(caught.value) + "".join(capfd.readouterr())
    assert secret not in told
    assert "w%rd" not in told
    assert "w%25rd" not in told


def test_the_command_and_a_run_load_and_tell_no_password(
    dsn, known_pipes, make_scan, tmp_path, monkeypatch
):
    _ = known_pipes
    monkeypatch.setenv("TWIN_PIPELINE_EXPORT__DSN", dsn)
    out = tmp_path / "out"
    config = Config(
        crs=CrsOptions(vertical="jgd2011", axis_order="en"),
        export=ExportOptions(dsn=SecretStr(dsn), formats=("postgis",)),
    )
    batch.run_batch([make_scan("a.las")], out, config, Progress())
    assert query(dsn, "SELECT count(*) FROM twin_pipeline.pipes") == [(3,)]
    command = [sys.executable, "-m", "twin_pipeline", "export", out, "-f", "postgis"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert "owner:***@127.0.0.1" in done.stdout
    assert "pipes 3 (0 new or changed, 0 deleted)" in done.stdout
    written = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    for text in (done.stdout.encode(), done.stderr.encode(), *written):
        assert PASSWORD.encode() not in text
        assert QUOTED.encode() not in text
    assert not (out / "export").exists()


def test_a_database_that_is_away_costs_no_run(known_pipes, make_scan, tmp_path):
    _ = known_pipes
    out = tmp_path / "out"
    nowhere = SecretStr("postgresql://u:secret@127.0.0.1:1/db")
    config = Config(
        crs=CrsOptions(vertical="jgd2011", axis_order="en"),
        export=ExportOptions(dsn=nowhere, formats=("postgis",)),
    )
    with pytest.raises(OutputError, match=r"out is complete, but .*u:\*\*\*@.* try `export"):
        batch.run_batch([make_scan("a.las")], out, config, Progress())
    assert (out / "run.json").is_file()
    with pytest.raises(UsageError, match="needs a database"):
        exporting.export(out, ["postgis"], Config(), print)
