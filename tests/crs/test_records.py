"""CRS records as scanners and programs write them, in the file, and what is made of them."""

import struct

import laspy
import numpy as np
import pytest
from pyproj import CRS

from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.siting import standing
from twin_pipeline.stages.read import inspect_scan

AT = np.array([-12818.761, -34428.095, 40.0])
MODEL = (1024, 0, 1, 1)
V14 = {"version": "1.4", "fmt": 7}


def keys(*entries, texts=b"", count=None):
    head = struct.pack("<4H", 1, 1, 0, len(entries) if count is None else count)
    body = head + b"".join(struct.pack("<4H", *entry) for entry in entries)
    records = [laspy.VLR("LASF_Projection", 34735, "keys", body)]
    return records + ([laspy.VLR("LASF_Projection", 34737, "", texts)] if texts else [])


def projected(code, *further):
    return keys(MODEL, (3072, 0, 1, code), *further)


def wkt(text):
    data = text if isinstance(text, bytes) else text.encode() + b"\0"
    return [laspy.VLR("LASF_Projection", 2112, "wkt", data)]


def of(code, version="WKT1_GDAL"):
    return CRS.from_user_input(code).to_wkt(version)


def with_heights(name, horizontal=None, unit='UNIT["metre",1]'):
    datum = f'VERT_DATUM["{name}",2005]'
    heights = f'VERT_CS["{name}",{datum},{unit},AXIS["Gravity-related height",UP]]'
    return wkt(f'COMPD_CS["x",{horizontal or of(6677)},{heights}]')


BOUND = of(6677).replace("]],AUTHORITY", "],TOWGS84[0,0,0,0,0,0,0]],AUTHORITY", 1)
NAMELESS = (
    'PROJCS["Zone 9",GEOGCS["JGD2011",DATUM["Japanese_Geodetic_Datum_2011",SPHEROID["GRS 1980",'
    '6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],'
    'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",36],'
    'PARAMETER["central_meridian",139.833333333333],PARAMETER["scale_factor",0.9999],'
    'PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]'
)

# By name: records, and the datum of its heights that the file alone settles.
SETTLED = {
    "vertical key": (projected(6677, (4096, 0, 1, 6695)), {}, "jgd2011"),
    "compound code": (projected(10170), {}, "jgd2011"),
    "compound code unknown to PROJ": (projected(11327), {}, "jgd2024"),
    "vertical key unknown to PROJ": (projected(6677, (4096, 0, 1, 11317)), {}, "jgd2024"),
    "WKT in 1.2": (wkt(of("EPSG:10170")), {}, "jgd2011"),
    "WKT in 1.4": (wkt(of("EPSG:10170")), V14 | {"bit": True}, "jgd2011"),
    "WKT in 1.4, bit forgotten": (wkt(of("EPSG:10170")), V14, "jgd2011"),
    "WKT2": (wkt(of("EPSG:10170", "WKT2_2019")), V14 | {"bit": True}, "jgd2011"),
    "ESRI with heights": (
        with_heights("JGD2011 (vertical) height", of(6677, "WKT1_ESRI")), {}, "jgd2011",
    ),
    "heights by the geoid's name": (with_heights("GSIGEO2011"), {}, "jgd2011"),
    "heights by the new geoid's name": (with_heights("JPGEO2024"), {}, "jgd2024"),
    "A.P. as this program writes it": (with_heights("Arakawa Peil (A.P.) height"), {}, "ap"),
    "an offset as this program writes it": (
        with_heights("JGD2011 (vertical) height +1.1344 m"), {}, "jgd2011+1.1344",
    ),
}  # fmt: skip
# Those that leave the heights open.
HORIZONTAL = {
    "keys": (projected(6677), {}),
    "keys that count one too many": (keys((3072, 0, 1, 6677), count=9), {}),
    "the same keys twice": (projected(6677) * 2, {}),
    "keys in 1.4": (projected(6677), V14 | {"bit": True}),
    "WKT and keys that agree": (wkt(of(6677)) + projected(6677), V14 | {"bit": True}),
    "WKT": (wkt(of(6677)), {}),
    "ESRI": (wkt(of(6677, "WKT1_ESRI")), {}),
    "TOWGS84": (wkt(BOUND), {}),
    "no authority": (wkt(NAMELESS), {}),
    "unknown heights": (with_heights("unknown"), {}),
    "T.P., of which year is open": (with_heights("T.P."), {}),
}
# By name: records and what is said of them.
UNUSABLE = {
    "no record": ([], "carries no CRS record"),
    "empty keys": ([laspy.VLR("LASF_Projection", 34735, "keys", b"")], "name no CRS"),
    "cut keys": ([laspy.VLR("LASF_Projection", 34735, "", bytes(13))], "name no CRS"),
    "code zero": (projected(0), "name no CRS"),
    "vertical code for a plane": (projected(6695), "6695 is not known as a horizontal CRS"),
    "citation only": (
        keys(MODEL, (3072, 0, 1, 32767), (3073, 34737, 8, 0), texts=b"Zone IX|"), "'Zone IX'",
    ),
    "feet": (projected(6677, (3076, 0, 1, 9002)), "not in foot"),
    "feet upwards": (projected(6677, (4099, 0, 1, 9003)), "US survey foot"),
    "two codes": (projected(6677) + projected(6676), "records disagree"),
    "WKT against keys": (wkt(of(6677)) + projected(6676), "records disagree"),
    "garbage": (wkt('PROJCS["foo",GEOGCS['), "can't be read"),
    "bytes": (wkt(bytes(range(1, 200))), "can't be read"),
    "UTF-16": (wkt(of(6677).encode("utf-16-le")), "can't be read"),
    "empty WKT": (wkt(b"\0"), "is empty"),
    "a code for WKT": (wkt("EPSG:6677"), "can't be read"),
}  # fmt: skip
# Records that can be read, but of which no scan in metres can be placed.
PLACELESS = {
    "degrees": (keys((1024, 0, 1, 2), (2048, 0, 1, 6668)), "counts in degrees"),
    "degrees and height": (wkt(of(4979, "WKT2_2019")), "counts in degrees"),
    "a scanner's axes": (wkt('LOCAL_CS["Scanner",UNIT["metre",1]]'), "no place on earth"),
    "heights only": (wkt(of(6695, "WKT2_2019")), "no place on earth"),
    "feet in WKT": (with_heights("h", unit='UNIT["foot",0.3048]'), "counts in foot"),
    "Tokyo datum": (wkt(of(30169)), "better than 2 m"),
    "JGD2000": (wkt(of(2451)), "PatchJGD"),
    "another continent": (projected(31999), "can't hold its coordinates"),
}


@pytest.fixture
def found(tmp_path):
    """Return what is known of the place of a scan with the records given."""

    def place(records, options, version="1.2", fmt=3, bit=None):
        header = laspy.LasHeader(version=version, point_format=fmt)
        header.scales, header.offsets = np.full(3, 1e-3), np.round(AT)
        header.vlrs.extend(records)
        if bit is not None:
            header.global_encoding.wkt = bit
        las = laspy.LasData(header)
        las.x, las.y, las.z = (AT + np.random.default_rng(0).uniform(-1, 1, (50, 3))).T
        las.write(tmp_path / "scan.las")
        config = Config(crs=CrsOptions(**({"axis_order": "en"} | options)))
        return standing(inspect_scan(tmp_path / "scan.las"), config)

    return place


@pytest.mark.parametrize("case", SETTLED)
def test_a_record_with_heights_settles_all(found, case):
    records, form, datum = SETTLED[case]
    placed = found(records, {}, **form).georeference
    assert placed.horizontal_epsg == 6677
    assert placed.decisions["vertical"].value == datum
    assert placed.decisions["crs"].source.startswith("file (")


@pytest.mark.parametrize("case", HORIZONTAL)
def test_a_record_without_heights_asks_for_them(found, case):
    records, form = HORIZONTAL[case]
    asked = found(records, {}, **form)
    assert asked.unsaid
    assert '--vertical jgd2011 (config: [crs] vertical = "jgd2011")' in asked.trouble
    placed = found(records, {"vertical": "jgd2011"}, **form).georeference
    assert placed.where.startswith("longitude 139.6917, latitude 35.6896")
    assert placed.decisions["crs"].source.startswith("file (")


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_record_that_can_not_be_used_is_told_and_a_flag_helps(found, case):
    records, words = UNUSABLE[case]
    asked = found(records, {"vertical": "jgd2011"})
    assert asked.unsaid
    assert words in asked.trouble
    assert "--crs EPSG:6677" in asked.trouble
    placed = found(records, {"vertical": "jgd2011", "crs": "EPSG:6677"}).georeference
    assert placed.decisions["crs"].value == "EPSG:6677"


@pytest.mark.parametrize("case", PLACELESS)
def test_a_record_that_can_not_be_true_is_doubted(found, case):
    records, words = PLACELESS[case]
    placed = found(records, {"vertical": "jgd2011"})
    assert placed.doubted
    assert words in placed.trouble


def test_a_record_that_knows_no_flag_leaves_only_insisting(found):
    asked = found(with_heights("Baltic 1977"), {"vertical": "jgd2011"})
    assert "--vertical Baltic" not in asked.trouble
    assert "--force-crs" in asked.trouble
