"""Map sheets: codes of known places, edges, and which sheet an object goes to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from export.plateau import DATA
from twin_pipeline.export.citygml.sheets import sheet_code, sheet_of


def test_known_places():
    assert sheet_code(9, -12_818.0, -34_428.0) == "09LD162"  # Tokyo Metropolitan Government
    assert sheet_code(9, 0.0, -0.001) == "09KE001"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the cities' files are not at {DATA}")
@pytest.mark.parametrize(
    "name", ["nagaoka_08EE753_unf_10169_water_op", "nagaoka_08EE752_unf_10169_sewer_op"]
)
def test_cities_files_hold_what_their_name_says(name):
    code = name.split("_")[1]
    tree = etree.parse(DATA / "plateau" / "samples" / f"{name}.gml")
    sheets = []
    for member in tree.iter("{*}cityObjectMember"):
        texts = [found.text for found in member.iter("{*}posList", "{*}pos")]
        line = np.array(" ".join(texts).split(), dtype=float).reshape(-1, 3)[:, [1, 0]]
        sheets.append(sheet_of(8, line))
    # a few objects were put elsewhere by hand
    assert sheets.count(code) > 0.95 * len(sheets)


@given(st.floats(-159_000, 159_000), st.floats(-299_000, 299_000))
def test_a_sheet_is_two_kilometres_by_one_and_a_half(east, north):
    west = np.floor(east / 2000.0) * 2000.0
    south = np.floor(north / 1500.0) * 1500.0
    inside = sheet_code(9, west + 1.0, south + 1.0)
    assert inside == sheet_code(9, west + 1999.0, south + 1499.0)
    assert inside != sheet_code(9, west + 2001.0, south + 1.0)
    assert inside != sheet_code(9, west + 1.0, south + 1501.0)


def test_ties_go_north_west():
    line = np.array([[-10.0, 700.0], [10.0, 700.0]])
    assert sheet_of(9, line) == sheet_code(9, -1.0, 700.0)
    line = np.array([[500.0, -10.0], [500.0, 10.0]])
    assert sheet_of(9, line) == sheet_code(9, 500.0, 1.0)


def test_shares_are_compared_to_two_decimals():
    line = np.array([[-10.0, 700.0], [10.03, 700.0]])
    assert sheet_of(9, line) == sheet_code(9, -1.0, 700.0)
    line = np.array([[-10.0, 700.0], [11.0, 700.0]])
    assert sheet_of(9, line) == sheet_code(9, 1.0, 700.0)


def test_a_point_lies_on_its_sheet():
    assert sheet_of(9, np.array([[-12_818.0, -34_428.0]])) == "09LD162"
