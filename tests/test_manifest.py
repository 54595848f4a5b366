import json

import pytest

from twin_pipeline import batch
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.manifest import read_manifest, sites_given
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site
from twin_pipeline.validation import validate_output

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))

TOML = """
[[site]]
name = "現場 1"
scans = ["a.las", "b*.las"]
material = "HPPE"
boundary = "line.geojson"
job = { "工事番号" = "R7-1", laid_fiscal_year = 2025 }

[[site]]
scans = "c.las"
"""
CSV = """現場,点群,管種,境界,工事番号,布設年度
現場 1,a.las;b*.las,HPPE,line.geojson,R7-1,令和7
,c.las,,,,
"""


@pytest.fixture(params=["toml", "csv", "cp932"])
def manifest(request, make_scan, tmp_path):
    for name in ("a.las", "b1.las", "b2.las", "c.las"):
        make_scan(name, points=200)
    path = tmp_path / ("batch.toml" if request.param == "toml" else "batch.csv")
    encoding = "cp932" if request.param == "cp932" else "utf-8"
    path.write_text(TOML if request.param == "toml" else CSV, encoding)
    return path


def test_manifest_names_sites_with_their_scans_and_facts(manifest, tmp_path):
    first, second = read_manifest(manifest, CONFIG)
    assert first.name == "現場 1"
    assert [scan.name for scan in first.scans] == ["a.las", "b1.las", "b2.las"]
    assert first.boundary == tmp_path / "line.geojson"
    assert first.job.shared.material == "HPPE"
    assert first.job.shared.job.construction_no == "R7-1"
    assert first.job.shared.job.laid_fiscal_year == 2025
    assert (second.name, second.boundary) == ("c", None)
    assert second.job.states_nothing()


def test_several_scans_form_one_site(make_scan, tmp_path):
    for name in ("a.las", "b.las"):
        make_scan(name, points=300)
    path = tmp_path / "batch.csv"
    path.write_text("site,scans\none,a.las\none,b.las\n")
    out = tmp_path / "out"
    batch.run_batch(read_manifest(path, CONFIG), out, CONFIG, Progress())
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["counts"]["points_in"] == record["counts"]["points_labelled"] == 600
    assert [scan["site"] for scan in record["inputs"]] == ["one", "one"]
    assert record["sites"][0]["provenance"]["scan"] == "a.las, b.las"
    assert validate_output(out) == []


def test_scans_of_one_site_must_share_their_system(make_scan, tmp_path):
    make_scan("a.las", points=300)
    make_scan("b.las", points=300, crs=6678)
    path = tmp_path / "batch.csv"
    path.write_text("site,scans\none,a.las;b.las\n")
    with pytest.raises(Exception, match=r"b\.las|must share") as raised:
        batch.run_batch(read_manifest(path, CONFIG), tmp_path / "out", CONFIG, Progress())
    assert raised.value.exit_code == 4


def test_patterns_are_expanded_where_the_shell_did_not(make_scan, tmp_path):
    scans = [make_scan(f"{name}.las", points=200) for name in "ab"]
    assert sites_given([tmp_path / "*.las"], CONFIG) == scans
    assert sites_given([tmp_path / "*.laz"], CONFIG) == [tmp_path / "*.laz"]
    odd = make_scan("[x].las", points=200)
    assert sites_given([odd], CONFIG) == [odd]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", "x = [", "is no TOML"),
        ("a.toml", "[crs]\ncrs = 'local'", "'crs'.*settings go into -c"),
        ("a.toml", "[[site]]\nname = 'x'", "'x' has no scans"),
        ("a.toml", "[[site]]\nscans = 3", "list of files"),
        ("a.toml", "[[site]]\nscans = 'x'\nmateriel = 'DIP'", "'materiel'.*material"),
        ("a.toml", "[[site]]\nscans = 'x'\nmaterial = 'GOLD'", "'GOLD'"),
        ("a.toml", "[[site]]\nscans = 'x'\n[[site]]\nscans = 'x'", "twice"),
        ("a.toml", "[[site]]\nscans = 'x'\njob = 'job.csv'", "job must be a table of facts"),
        ("a.toml", "", "names no site"),
        ("a.csv", "", "is empty"),
        ("a.csv", "site,material\nx,DIP", "needs a column scans"),
        ("a.csv", "site;scans\nx;a", "it has site;scans; commas or tabs"),
        ("a.csv", "site,scans\n../x,a", "line 2: '../x' can't be.*give the site another name"),
        ("a.toml", "[[site]]\nname = 'a/b'\nscans = 'x'", "1: 'a/b' can't be the name of a site"),
        ("a.csv", "site,scans\nx,a,b,c", "line 2: has 4 cells"),
        ("a.csv", "site,scans,material\nx,a,DIP\nx,b,SP", "'SP' here and 'DIP'"),
        ("a.csv", "site,scans\na,\udc81", "neither UTF-8 nor CP932"),
    ],
)
def test_manifest_that_can_not_be_is_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=message) as raised:
        read_manifest(path, CONFIG)
    assert str(raised.value).startswith(str(path))


def test_columns_may_be_set_apart_by_tabs(make_scan, tmp_path):
    make_scan("a,b.las", points=200)
    path = tmp_path / "a.csv"
    path.write_bytes(
        "現場\t点群\t管種\r\nx\ta,b.las\tDIP\r\n".encode("utf-16")
    )  # as Excel saves text
    (site,) = read_manifest(path, CONFIG)
    assert (site.name, site.scan) == ("x", tmp_path / "a,b.las")


def test_manifest_that_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="can't be read"):
        read_manifest(tmp_path / "absent.toml", CONFIG)


@pytest.mark.parametrize("name", ["../up", "a/b", "a\\\\b", " x", ""])
def test_names_can_not_leave_the_folder(make_scan, tmp_path, name):
    scan = make_scan("a.las", points=200)
    site = Site(name, (scan,), CONFIG)
    with pytest.raises(UsageError, match="can't be the name of a site"):
        batch.tile_batch([site], tmp_path / "out", CONFIG, Progress())
