"""Text of others stays text: in a scan's name, in what its header says, in a job file."""

import csv
import html.parser
import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import ezdxf
import pytest
from lxml import etree

from tests.export import readers
from tests.export.test_bureau import TOKYO
from tests.export.test_formats import located
from twin_pipeline.export.formats import FORMATS
from twin_pipeline.export.further import write_format
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.model import JobFacts

SITE = "a<img src=x onerror=alert(1)>&amp;'); DROP TABLE pipes;--\"]]>%s{0}"
JOB = JobFacts(
    construction_no="</Data></name><script>alert(1)</script><!-- ]]> &xxe;",
    route_name='=HYPERLINK("http://example.invalid",1)',
    laid_fiscal_year=2025,
    joint_type="'; DELETE FROM stations; --",
)
HEADER = "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>\n0\nEOF"
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def result():
    made = located(SITE)
    pipe = replace(made.survey.pipes[0], job=JOB, quality_reason="+cmd|' /C calc'!A0")
    survey = replace(made.survey, pipes=(pipe,))
    return replace(made, survey=survey, provenance={"software": HEADER, "scan": f"{SITE}.laz"})


@pytest.fixture(scope="module")
def folder_of(result, tmp_path_factory):
    """Return a function that writes a format and returns its folder."""

    def write(name):
        folder = tmp_path_factory.mktemp("nasty") / "x"
        options = ExportOptions(profile=TOKYO)
        return write_format(name, [result], folder, options, lambda _: None)

    return write


def facts(values):
    names = ("site", "construction_no", "route_name", "joint_type")
    return [values[name] for name in names]


WANTED = [SITE, JOB.construction_no, JOB.route_name, JOB.joint_type]


def test_geopackage(folder_of):
    path = folder_of("gpkg") / "pipes.gpkg"
    ((values, _),) = readers.with_gdal(path, "pipes")
    assert facts(values) == WANTED
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM stations").fetchone()[0] > 9
        (held,) = database.execute("SELECT value FROM provenance WHERE key='software'").fetchone()
    assert held == HEADER


def test_geojson_and_parquet(folder_of):
    ((values, _),) = readers.geojson(folder_of("geojson") / "pipes.geojson")
    assert facts(values) == WANTED
    ((values, _),) = readers.with_duckdb(folder_of("geoparquet") / "pipes.parquet")
    assert facts(values) == WANTED


@pytest.mark.parametrize("name", ["kml", "landxml", "citygml"])
def test_xml_is_well_formed_and_has_no_elements_or_entities_of_others(folder_of, name):
    folder = folder_of(name)
    paths = [p for p in folder.rglob("*") if p.suffix in {".kml", ".xml", ".gml"}]
    assert paths
    for path in paths:
        text = path.read_text("utf-8")
        assert "<script" not in text
        assert "<!DOCTYPE" not in text
        assert "<!ENTITY" not in text
        root = etree.parse(path, etree.XMLParser(resolve_entities=False)).getroot()
        names = {etree.QName(e).localname for e in root.iter(etree.Element)}
        assert not names & {"script", "img"}


def test_kml_shows_text_as_text(folder_of):
    class Tags(html.parser.HTMLParser):
        seen = frozenset({""})
        text = ""

        def handle_starttag(self, tag, attrs):
            self.seen |= {tag}
            assert {name for name, _ in attrs} <= {"align"}

        def handle_data(self, data):
            self.text += data

    root = etree.parse(folder_of("kml") / "pipes.kml").getroot()
    shown = Tags()
    for description in root.iter(f"{KML}description"):
        shown.feed(description.text)
    assert shown.seen == {"", "table", "tr", "th", "td"}
    assert JOB.construction_no in shown.text
    assert {b.findtext(f"{KML}text") for b in root.iter(f"{KML}BalloonStyle")} == {"$[description]"}
    pipes = folder_of("kml") / "pipes.kml"
    ((values, _),) = readers.with_gdal(pipes, "管路 / pipes")
    assert facts(values) == WANTED


def test_landxml(folder_of):
    ((values, _),) = readers.landxml_alignments(folder_of("landxml") / "pipes.xml")
    assert facts(values) == WANTED


def test_dxf_keeps_its_structure(folder_of):
    path = folder_of("dxf") / "pipes.dxf"
    assert ezdxf.readfile(path).audit().errors == []
    ((values, _),) = readers.dxf(path, "pipes")
    assert facts(values) == WANTED
    layers = {layer.dxf.name for layer in ezdxf.readfile(path).layers}
    assert not any("<" in name or "script" in name for name in layers)


@pytest.mark.parametrize("name", ["csv", "profile"])
def test_no_cell_is_a_formula(folder_of, name):
    cells = []
    for path in folder_of(name).rglob("*.csv"):
        encoding = "cp932" if "sjis" in str(path) else "utf-8-sig"
        with path.open(encoding=encoding, newline="") as file:
            cells += [cell for row in csv.reader(file) for cell in row]
    assert f"'{JOB.route_name}" in cells
    starts = {cell[0] for cell in cells if cell and not _is_number(cell)}
    assert not starts & set("=+-@\t\r")


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", [n for n in FORMATS if n != "postgis"])
def test_files_stay_in_their_folder(folder_of, name):
    folder = folder_of(name)
    assert [path.name for path in folder.parent.iterdir()] == ["x"]
    manifest = json.loads((folder / "export.json").read_text("utf-8"))
    assert manifest["systems"][0]["sites"] == [SITE]
    for entry in manifest["files"]:
        assert (folder / entry["path"]).resolve().is_relative_to(folder.resolve())
