"""An owner's columns: the Tokyo profile as it ships, and profiles with slips."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.export import readers
from tests.export.test_formats import located
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.export.bureau import load_profile
from twin_pipeline.export.formats import require_formats
from twin_pipeline.export.further import folder_for, write_format
from twin_pipeline.export.options import ExportOptions

TOKYO = str(Path(__file__).parents[2] / "configs" / "profiles" / "tokyo.toml")
MINIMAL = """
name = "city"
[[outputs]]
folder = "a"
format = "{format}"
encoding = "{encoding}"
[[tables]]
name = "pipes"
layer = "pipes"
columns = [{columns}]
"""


def write(tmp_path, result, profile=TOKYO):
    notes = []
    folder = tmp_path / "x"
    write_format("profile", [result], folder, ExportOptions(profile=profile), notes.append)
    return folder, notes


def rows(path, encoding):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def made(tmp_path, columns, form="csv", encoding="utf-8"):
    path = tmp_path / "profile.toml"
    text = MINIMAL.format(columns=columns, format=form, encoding=encoding)
    path.write_text(text, "utf-8")
    return str(path)


def test_tokyo_as_csv(tmp_path):
    result = located("新宿")
    folder, notes = write(tmp_path, result)
    assert notes == []
    assert (folder / "csv" / "管路.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    first, _, third = rows(folder / "csv" / "管路.csv", "utf-8-sig")
    assert rows(folder / "csv_sjis" / "管路.csv", "cp932")[0] == first
    pipe = result.survey.pipes[0]
    assert first["管路ID"] == "新宿-P1"
    assert (first["管種"], first["口径(mm)"], first["外径(mm)"]) == (
        "ダクタイル鋳鉄管",
        "200",
        "220.0",
    )
    assert (third["管種"], third["口径(mm)"], third["品質"]) == ("不明", "", "不可")
    assert (first["工事番号"], first["布設年度"]) == ("7水工第123号", "2025")
    assert float(first["土被り最小(m)"]) == pytest.approx(pipe.cover_min_m, abs=0.005)
    assert float(first["管頂高始点(m)"]) == pytest.approx(pipe.crown_z_start_m, abs=5e-4)
    start = [float(first["始点X(m)"]), float(first["始点Y(m)"])]
    assert start == pytest.approx(pipe.centreline[0, [1, 0]], abs=5e-4)
    stations = rows(folder / "csv" / "測点.csv", "utf-8-sig")
    assert len(stations) == sum(len(p.stations) for p in result.survey.pipes)
    assert {row["観測"] for row in stations} == {"観測", "補間"}
    assert {row["工事番号"] for row in stations} == {"7水工第123号"}
    assert rows(folder / "csv" / "継手.csv", "utf-8-sig")[0]["種別"] == "端部"


def test_tokyo_as_shapefile_and_geopackage(tmp_path):
    result = located("新宿")
    folder, _ = write(tmp_path, result)
    shapes = readers.with_gdal(folder / "shape_sjis" / "管路.shp")
    tables = readers.with_gdal(folder / "gpkg" / "pipes.gpkg", "管路")
    columns = load_profile(TOKYO).tables[0].columns
    for (short, shape), (full, line), pipe in zip(shapes, tables, result.survey.pipes, strict=True):
        assert np.abs(shape - pipe.centreline).max() < 0.001
        assert np.abs(line - pipe.centreline).max() < 0.001
        for column in columns:
            assert short.get(column.short) == full.get(column.name), column.name
    assert full["観測率(%)"] == 100
    dbf = (folder / "shape_sjis" / "管路.dbf").read_bytes()
    assert "ダクタイル鋳鉄管".encode("cp932") in dbf
    assert dbf[29] == 0x13


def test_the_profiles_crs_holds_for_coordinates(tmp_path):
    text = Path(TOKYO).read_text("utf-8").replace("EPSG:6677", "EPSG:6676")
    (tmp_path / "p.toml").write_text(text, "utf-8")
    result = located("新宿")
    folder, _ = write(tmp_path, result, str(tmp_path / "p.toml"))
    first = rows(folder / "csv" / "管路.csv", "utf-8-sig")[0]
    assert first["座標系"] == "EPSG:6676"
    (_, shape), *_ = readers.with_gdal(folder / "gpkg" / "pipes.gpkg", "管路")
    start = [float(first["始点Y(m)"]), float(first["始点X(m)"])]
    assert start == pytest.approx(shape[0, :2], abs=5e-4)
    assert start[0] > 90_000


def test_text_of_others_stays_text(tmp_path):
    result = located("=HYPERLINK(1)")
    pipe = replace(result.survey.pipes[0], quality_reason="@SUM(1) 😀")
    result = replace(result, survey=replace(result.survey, pipes=(pipe,)))
    folder, notes = write(tmp_path, result)
    (row,) = rows(folder / "csv_sjis" / "管路.csv", "cp932")
    assert (row["管路ID"], row["備考"]) == ("'=HYPERLINK(1)-P1", "'@SUM(1) 〓")
    assert notes[0] == "csv_sjis/管路.csv: CP932 lacks 😀; 〓 stands for it"


def test_the_reason_of_a_quality_is_there_in_japanese(tmp_path):
    result = located()
    pipe = replace(
        result.survey.pipes[0], quality_reason="20 % of the length was hidden: uncover and rescan"
    )
    result = replace(result, survey=replace(result.survey, pipes=(pipe,)))
    folder, _ = write(tmp_path, result)
    (row,) = rows(folder / "csv_sjis" / "管路.csv", "cp932")
    assert row["備考"] == "延長の 20 % が隠れていた：露出させて再計測すること"


def test_units_templates_constants_and_what_stands_for_nothing(tmp_path):
    columns = """
        {name = "od", field = "outer_diameter_m", unit = "cm", decimals = 1},
        {name = "share", field = "observed_fraction", unit = "%", decimals = 0},
        {name = "id", template = "{site}/{pipe_id}/{nominal_diameter_mm}/{number}"},
        {name = "owner", value = "東京都"},
        {name = "dn", field = "nominal_diameter_mm", missing = "-1"},
        {name = "who", field = "provenance.software"},
        {name = "mat", field = "material", missing = "?"},
    """.replace("\n", "")
    folder, _ = write(tmp_path, located("s"), made(tmp_path, columns))
    first, _, third = rows(folder / "a" / "pipes.csv", "utf-8")
    assert list(first.values()) == [
        "22.0", "82", "s/P1/200/1", "東京都", "200", "twin_pipeline 0.1.0", "DIP",
    ]  # fmt: skip
    assert (third["id"], third["dn"], third["mat"]) == ("s/P3//3", "-1", "?")


def test_a_value_without_a_code_is_refused_and_nothing_is_written(tmp_path):
    columns = '{name = "mat", field = "material", codes = {SP = "2"}}'
    with pytest.raises(UsageError, match="column mat has no code for 'DIP'; it has SP"):
        write(tmp_path, located("s"), made(tmp_path, columns))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ('{name = "a"}', "a: give one of field, template and value"),
        ('{name = "a", field = "covermin_m"}', "covermin_m is no field of pipes; .* cover_min_m"),
        ('{name = "a", template = "{sitte}"}', "sitte is no field of pipes; the nearest is site"),
        ('{name = "a", field = "site.__class__"}', "is no field of pipes"),
        ('{name = "a", field = "length_m", unit = "inch"}', "m can't be given in 'inch'"),
        ('{name = "a", field = "length_m", unit = "%"}', "m can't be given in '%'"),
        ('{name = "a", field = "site"}, {name = "A", field = "site"}', "pipes: A stands twice"),
        ('{name = "a", field = "site", size = 3}', "Extra inputs are not permitted"),
        ("", "tables.0.columns"),
    ],
)
def test_slips_in_columns_are_named(tmp_path, columns, reason):
    with pytest.raises(UsageError, match=reason):
        load_profile(made(tmp_path, columns))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('folder = "a"', 'folder = "../a"', r"'../a' can't be the name of a file or folder"),
        ('name = "pipes"', 'name = "/etc/x"', "can't be the name of a file or folder"),
        ('name = "city"', 'name = "city"\ncrs = "EPSG:10170"', "has heights of its own"),
        ('name = "city"', 'name = "city"\ncrs = "EPSG:4326"', "no map projection in metres"),
        ('format = "csv"', 'format = "gpkg"', "a gpkg can't be in utf-8-sig"),
        ('format = "csv"', 'format = "xls"', "outputs.0.format"),
    ],
)
def test_slips_elsewhere_are_named(tmp_path, old, new, reason):
    path = Path(made(tmp_path, '{name = "a", field = "site"}', encoding="utf-8-sig"))
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(Exception, match=reason) as caught:
        load_profile(str(path))
    assert caught.type.__mro__[1].__name__ == "TwinPipelineError"


def test_long_names_need_a_short_one_in_shapefiles(tmp_path):
    columns = '{name = "管路の番号", field = "site"}'
    with pytest.raises(UsageError, match="longer than the 10 bytes"):
        load_profile(made(tmp_path, columns, form="shapefile"))


def test_a_profile_must_be_named_and_readable(tmp_path):
    with pytest.raises(UsageError, match="give --profile FILE"):
        require_formats(["profile"], ExportOptions())
    with pytest.raises(InputError, match="can't be read"):
        require_formats(["profile"], ExportOptions(profile=str(tmp_path / "absent.toml")))
    assert folder_for("profile", ExportOptions(profile=TOKYO)) == "profile-tokyo"
    assert folder_for("csv", ExportOptions()) == "csv"
