"""The built-in catalogue's facts, and what a user's own catalogue may not contain."""

import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import pytest

from twin_pipeline.catalogue import BUILT_IN, Catalogue, load_catalogue
from twin_pipeline.errors import UsageError

SHARED = Path(__file__).parents[2] / "shared" / "data" / "pipe_dimensions.json"
TABLES = {
    "DIP": "DIP",
    "SP": "STEEL",
    "HPPE": "HPPE",
    "VP": "PVC_VP_HIVP",
    "SUS": "STAINLESS",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_materials_are_those_of_the_command_line(catalogue):
    assert list(catalogue.materials) == ["DIP", "SP", "HPPE", "VP", "SUS"]
    assert catalogue.material("DIP").name_ja == "ダクタイル鋳鉄管"


@pytest.mark.parametrize(
    ("material", "nominal_mm", "outer_mm"),
    [
        ("DIP", 75, 93.0),
        ("DIP", 150, 169.0),
        ("DIP", 400, 425.6),
        ("SP", 300, 318.5),
        ("HPPE", 100, 125.0),
        ("VP", 50, 60.0),
        ("SUS", 13, 15.88),
    ],
)
def test_outer_diameters(catalogue, material, nominal_mm, outer_mm):
    assert catalogue.size(material, nominal_mm).outer_diameter_m == pytest.approx(outer_mm / 1000)


def test_socket_and_laying_length_of_ductile_iron(catalogue):
    size = catalogue.size("DIP", 150)
    assert size.socket_outer_diameter_m == pytest.approx(0.242)
    assert size.laying_length_m == 5.0
    assert not size.recalled


def test_recalled_sizes_carry_no_socket(catalogue):
    size = catalogue.size("DIP", 500)
    assert size.recalled
    assert size.socket_outer_diameter_m is None
    assert size.laying_length_m is None


def test_sizes_of_one_material_ascend(catalogue):
    sizes = catalogue.sizes("SP")
    assert {s.material for s in sizes} == {"SP"}
    assert all(a.outer_diameter_m < b.outer_diameter_m for a, b in pairwise(sizes))
    assert all(a.nominal_diameter_mm < b.nominal_diameter_mm for a, b in pairwise(sizes))


def test_sizes_of_all_materials_ascend_by_diameter(catalogue):
    sizes = catalogue.sizes()
    assert len(sizes) == sum(len(catalogue.sizes(code)) for code in catalogue.materials)
    assert all(a.outer_diameter_m <= b.outer_diameter_m for a, b in pairwise(sizes))


def test_bend_angles(catalogue):
    assert catalogue.bend_angles_deg == (5.625, 11.25, 22.5, 45.0, 90.0)
    assert catalogue.material("HPPE").bend_angles_deg == (11.25, 22.5, 45.0, 90.0)
    assert 5.625 in catalogue.material("DIP").bend_angles_deg


def test_sizes_are_immutable(catalogue):
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalogue.size("DIP", 75).recalled = True


def test_unknown_nominal_names_the_nearest(catalogue):
    with pytest.raises(UsageError, match=r"DIP has no nominal diameter 160 mm.*100, 150, 200"):
        catalogue.size("DIP", 160)


def test_unknown_material_names_the_nearest(catalogue):
    with pytest.raises(UsageError, match=r"'hppe'.*nearest: HPPE.*known: DIP, SP, HPPE, VP, SUS"):
        catalogue.sizes("hppe")


@pytest.mark.skipif(not SHARED.exists(), reason="shared data is absent")
@pytest.mark.parametrize(("code", "table"), TABLES.items())
def test_every_compiled_dimension_is_in_the_catalogue(catalogue, code, table):
    facts = json.loads(SHARED.read_text(encoding="utf-8"))[table]
    compiled = {**facts["od_mm"], **facts.get("od_mm_partly", {})}
    recalled = facts.get("od_mm_recalled", {})
    expected = {int(n): (od / 1000, False) for n, od in compiled.items()}
    expected |= {int(n): (od / 1000, True) for n, od in recalled.items()}
    found = {s.nominal_diameter_mm: (s.outer_diameter_m, s.recalled) for s in catalogue.sizes(code)}
    assert found == expected


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = BUILT_IN.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "own.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_own_catalogue(tmp_path):
    path = changed(tmp_path, "outer_diameter_mm = 93.0", "outer_diameter_mm = 94.0")
    size = load_catalogue(path).size("DIP", 75)
    assert size.outer_diameter_m == pytest.approx(0.094)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("outer_diameter_mm = 93.0", "outer_diameter_mm = -1", r"DIP\.sizes\.1\.outer_diameter_mm"),
        ("outer_diameter_mm = 93.0", "outer_dia = 93.0", r"DIP\.sizes\.1\.outer_diameter_mm.*add"),
        ("recalled = true }", "recollected = true }", r"sizes\.0\.recollected is not known"),
        ("socket_outer_diameter_mm = 159.0", "socket_outer_diameter_mm = 80.0", r"75.*exceed"),
        ("nominal_mm = 100, ", "nominal_mm = 75, ", r"DIP lists nominal_mm 75 twice"),
        ("outer_diameter_mm = 118.0", "outer_diameter_mm = 92.0", r"100.*must exceed that of 75"),
        ("11.25, 22.5", "11.25, 400", r"bends\.angles_deg\.1"),
        ("[bends]", "[bends", r"not valid TOML"),
    ],
)
def test_bad_catalogue_names_file_and_entry(tmp_path, old, new, message):
    path = changed(tmp_path, old, new)
    with pytest.raises(UsageError, match=rf"own\.toml: .*{message}"):
        load_catalogue(path)


def test_missing_catalogue_names_the_file(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml: can't read the catalogue"):
        load_catalogue(tmp_path / "none.toml")


def test_catalogue_in_another_encoding(tmp_path):
    path = tmp_path / "sjis.toml"
    path.write_bytes("# 呼び径".encode("cp932"))
    with pytest.raises(UsageError, match="UTF-8"):
        load_catalogue(path)


def test_ductile_iron_alone_is_laid_in_sleeves():
    catalogue = load_catalogue()
    assert [code for code, kind in catalogue.materials.items() if kind.sleeved] == ["DIP"]
