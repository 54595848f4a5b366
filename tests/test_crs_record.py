import pytest
from pyproj import CRS

from twin_pipeline.crs import CrsRecord, merge_records, record_from_geokeys, record_from_wkt

WKT_9 = CRS.from_epsg(6677).to_wkt("WKT1_GDAL")


def test_wkt_of_all_dialects_is_read():
    for dialect in ("WKT1_GDAL", "WKT1_ESRI", "WKT2_2019"):
        record = record_from_wkt(CRS.from_epsg(6677).to_wkt(dialect) + "\0")
        assert record.problem is None
        assert record.to_dict()["epsg"] == 6677


@pytest.mark.parametrize("text", ["", "\0\0", "PROJCS[", "rubbish", '["', "PROJCS[\x00é"])
def test_broken_wkt_is_a_problem_not_an_exception(text):
    record = record_from_wkt(text)
    assert record.wkt is None
    assert record.present
    assert "\n" not in record.problem


def test_towgs84_is_taken_off():
    bound = WKT_9.replace(
        'AUTHORITY["EPSG","1128"]', 'TOWGS84[0,0,0,0,0,0,0],AUTHORITY["EPSG","1128"]'
    )
    assert "TOWGS84" in bound
    assert not record_from_wkt(bound).crs().is_bound


@pytest.mark.parametrize(
    ("keys", "epsg"),
    [
        ({1024: 1, 3072: 6677, 3076: 9001}, 6677),
        ({3072: 6677, 4096: 6695, 4099: 9001}, 10170),
        ({3072: 10170}, 10170),
        ({1024: 2, 2048: 6668}, 6668),
    ],
)
def test_geokeys_with_codes(keys, epsg):
    record = record_from_geokeys(keys)
    assert record.problem is None
    crs = record.crs()
    parts = [part.to_epsg() for part in crs.sub_crs_list] or [crs.to_epsg()]
    expected = CRS.from_epsg(epsg)
    assert parts == ([part.to_epsg() for part in expected.sub_crs_list] or [epsg])


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "no CRS"),
        ({3072: 32767, 1026: "Our own|"}, "Our own"),
        ({3072: 7}, "impossible EPSG code 7"),
        ({3072: 6676 + 20000}, "not known"),
        ({3072: 6695}, "not known"),
        ({3072: 6677, 3076: 9003}, "US survey foot"),
        ({3072: 6677, 4099: 9002}, "elevations are in foot"),
    ],
)
def test_geokeys_that_cannot_be_used(keys, words):
    record = record_from_geokeys(keys)
    assert record.wkt is None
    assert words in record.problem


def test_an_unknown_vertical_key_leaves_the_horizontal_part():
    record = record_from_geokeys({3072: 6677, 4096: 5103})
    assert record.crs().to_epsg() == 6677
    assert "5103" in record.problem


def test_no_records_are_no_record():
    assert merge_records([]) == CrsRecord()
    assert not CrsRecord().present


def test_agreeing_records_are_one_and_the_fuller_wins():
    flat = record_from_wkt(CRS.from_epsg(6677).to_wkt("WKT1_ESRI"))
    full = record_from_geokeys({3072: 6677, 4096: 6695})
    for records in ([flat, full], [full, flat]):
        merged = merge_records(records)
        assert merged.problem is None
        assert merged.crs().is_compound


@pytest.mark.parametrize("other", [6676, 2451, 6691, 6668])
def test_disagreeing_records_are_a_problem(other):
    merged = merge_records([record_from_wkt(WKT_9), record_from_geokeys({3072: other})])
    assert merged.wkt is None
    assert "disagree" in merged.problem


def test_disagreeing_heights_are_a_problem():
    records = [record_from_geokeys({3072: 32654, 4096: code}) for code in (5773, 3855)]
    assert "disagree" in merge_records(records).problem
