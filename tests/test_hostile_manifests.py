"""Manifests as they come from other machines and programs, or from a slip of the hand."""

import time
import unicodedata

import pytest

from twin_pipeline import batch
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.manifest import read_manifest, sites_given
from twin_pipeline.progress import Progress
from twin_pipeline.site import require_scans, sites_of

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))
GA = unicodedata.normalize("NFD", "が")


def written(tmp_path, name, content, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def sites(path):
    return sites_of(sites_given([path], CONFIG), CONFIG)


@pytest.mark.parametrize(
    ("name", "encoding"), [("a.toml", "utf-8-sig"), ("a.csv", "utf-8-sig"), ("a.csv", "utf-16")]
)
def test_a_mark_of_byte_order_is_no_content(tmp_path, name, encoding):
    content = (
        "[[site]]\nname = '現場'\nscans = 'a.las'" if "toml" in name else "現場,点群\n現場,a.las"
    )
    assert [s.name for s in sites(written(tmp_path, name, content, encoding))] == ["現場"]


def test_what_spreadsheets_add_is_no_content(tmp_path):
    path = written(tmp_path, "a.csv", "\r\nsite,scans,,\r\n,,,\r\n a ,a.las; b.las ;,,\r\n\r\n")
    (site,) = sites(path)
    assert (site.name, [scan.name for scan in site.scans]) == ("a", ["a.las", "b.las"])


def test_paths_of_windows_are_understood_or_told(tmp_path):
    (tmp_path / "001").mkdir()
    path = written(tmp_path, "a.csv", "site,scans\na,001\\x.las\n,001\\y.las\n")
    assert [(s.name, s.scan) for s in sites(path)] == [
        ("a", tmp_path / "001" / "x.las"),
        ("y", tmp_path / "001" / "y.las"),
    ]
    path = written(tmp_path, "b.toml", "[[site]]\nscans = 'C:\\scans\\a.las'")
    with pytest.raises(UsageError, match=r"b\.toml: C:\\scans\\a\.las is a path of Windows"):
        sites(path)


def test_paths_may_be_absolute_and_lead_up(tmp_path, make_scan):
    scan = make_scan()
    (tmp_path / "lists").mkdir()
    content = f"site,scans\na,../site.las\nb,{tmp_path}/other.las\nc,*.none\n"
    found = sites(written(tmp_path, "lists/a.csv", content))
    assert found[0].scan.samefile(scan)
    assert found[1].scan == tmp_path / "other.las"
    with pytest.raises(InputError, match=r"\*\.none: does not exist"):
        require_scans(found[2])


def test_a_scan_named_twice_in_a_site_counts_once(tmp_path, make_scan):
    make_scan()
    (tmp_path / "x").mkdir()
    (tmp_path / "y.las").symlink_to("site.las")
    content = f"site,scans\na,site.las;{tmp_path}/x/../site.las;y.las"
    (site,) = sites(written(tmp_path, "a.csv", content))
    assert [scan.name for scan in site.scans] == ["site.las"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "site,scans\na,x.las\nb,./x.las", r"x\.las: is given twice.*'a' and of site 'b'"),
        ("a.csv", "site,scans\nA,x.las\na,y.las", "another site of this run has the name"),
        ("a.csv", f"site,scans\nが,x.las\n{GA},y.las", "another site of this run has the name"),
        ("a.csv", 'site,scans\n"a,x.las\nb,y.las', r"line 3: is no CSV .* quote"),
        ("a.csv", "site,scans\na," + "x" * 200_000, "line 2: is no CSV"),
        ("a.csv", "site,scans,\na,x.las,DIP", "line 2: 'DIP' stands in a column without a name"),
        ("a.csv", "site;scans\na;x.las", "needs a column scans"),
        ("a.csv", b"\xff\xfea", "neither UTF-8 nor CP932"),
        ("a.toml", '[[site]]\nscans = "a\\u0000b"', r"'a\\x00b' can't be the name"),
        ("a.csv", "site,scans\n../a,x.las", "can't be the name of a site"),
        ("a.csv", 'site,scans\n"a\nb",x.las', "can't be the name of a site"),
        ("a.toml", "[[site]]\nname = '現場'".encode("cp932"), "is no TOML file in UTF-8"),
        ("a.toml", "x = " + "[" * 5000, "is no TOML file"),
        ("a.toml", "x = " + "1" * 5000, "is no TOML file"),
        ("a.toml", "site = [1]", r"one \[\[site\]\] a site"),
        ("a.toml", "[site]\nscans = 'x'", r"one \[\[site\]\] a site"),
    ],
)
def test_what_can_not_be_meant_is_one_line(tmp_path, name, content, message):
    with pytest.raises(UsageError, match=message) as raised:
        sites(written(tmp_path, name, content))
    assert "\n" not in str(raised.value)


def test_a_scan_given_beside_the_manifest_that_has_it_is_told(tmp_path):
    path = written(tmp_path, "a.csv", "site,scans\na,x.las")
    with pytest.raises(UsageError, match="as a scan of site 'a' and of itself"):
        sites_given([path, tmp_path / "x.las"], CONFIG)


@pytest.mark.usefixtures("known_pipes")
def test_a_path_that_can_not_exist_costs_one_site(tmp_path, make_scan):
    make_scan("b.las", points=200)
    path = written(tmp_path, "a.csv", f"site,scans\na,{'x' * 300}.las\nb,b.las")
    summary = batch.run_batch(read_manifest(path, CONFIG), tmp_path / "out", CONFIG, Progress())
    (failed,) = summary.failed_sites
    assert "can't be read" in failed["reason"]


def test_twenty_thousand_rows_are_read_in_no_time(tmp_path):
    rows = "".join(f"site {n},{n}.las,DIP,R7-{n}\n" for n in range(20_000))
    path = written(tmp_path, "a.csv", "site,scans,管種,工事番号\n" + rows)
    began = time.process_time()
    assert len(sites(path)) == 20_000
    assert time.process_time() - began < 60.0
