"""Whose word holds for the kind of elevations, and whether the ground must bear it out.

Three places: hills, where ground may be at an elevation and at that less the geoid's height; a
plain with T.P. elevations, and the same with ellipsoidal ones.
"""

from types import MappingProxyType

import numpy as np
import pytest

from tests.crs.places import ROOM, place, refused
from tests.factories import make_pipe
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions, resolve, restore
from twin_pipeline.crs.frames import Plane
from twin_pipeline.crs.geoids import undulation_m
from twin_pipeline.crs.record import record_from_geokeys
from twin_pipeline.export.japanese import in_japanese
from twin_pipeline.gathering import Gathered
from twin_pipeline.model import PointCloud

# Hachioji: street at 150 m, geoid at 39.6 m; Koto: street at 1 m, geoid at 36.7 m.
HACHIOJI, KOTO = (139.33, 35.65, 150.0), (139.82, 35.67, 1.0)
CONFIG = MappingProxyType({"vertical": "configs/tokyo.toml"})
FLAG = MappingProxyType({"vertical": "--vertical"})
RECORDS = {"plane": None, "compound": 6695, "3D": 5019}
STATED = {"nobody": None, "config": CONFIG, "flag": FLAG}

EXIT_4_UNSAID, EXIT_4_CONTRADICTED, EXIT_4_GROUND = "unsaid", "contradicted", "ground"
TOLD, SURE = "told", "sure"


def undulation(spot):
    return float(undulation_m("gsigeo2011", np.array([spot[0]]), np.array([spot[1]]))[0])


def expected(record, who, said, height):
    """Return what must happen; `height` is "hill" or the kind of elevations in the plain."""
    recorded = {"compound": "jgd2011", "3D": "ellipsoidal"}.get(record)
    stated = said if who != "nobody" else None
    if recorded is None and stated is None:
        return EXIT_4_UNSAID
    if recorded and stated and recorded != stated:
        return EXIT_4_CONTRADICTED
    kind = stated or recorded
    if height != "hill":
        return SURE if kind == height else EXIT_4_GROUND
    return SURE if who == "flag" else TOLD


def case(record, who, said, height):
    spot = HACHIOJI if height == "hill" else KOTO
    z = spot[2] + (undulation(spot) if height == "ellipsoidal" else 0.0)
    plane = Plane.named("EPSG:6677")
    east, north = (float(v[0]) for v in plane.from_lonlat(np.array([spot[0]]), np.array([spot[1]])))
    keys = {3072: 6677} | ({4096: RECORDS[record]} if RECORDS[record] else {})
    options = {"vertical": said} if who != "nobody" else {}
    return {
        "record": record_from_geokeys(keys), "at": (east, north, z),
        "sources": STATED[who] or {}, **options,
    }  # fmt: skip


@pytest.mark.parametrize("height", ["hill", "jgd2011", "ellipsoidal"])
@pytest.mark.parametrize("said", ["jgd2011", "ellipsoidal"])
@pytest.mark.parametrize("who", STATED)
@pytest.mark.parametrize("record", RECORDS)
def test_every_kind_is_stated_by_somebody_or_refused(record, who, said, height):
    given, outcome = case(record, who, said, height), expected(record, who, said, height)
    if outcome in {SURE, TOLD}:
        found = place(**given)
        assert (len(found.warnings), found.height_doubt is None) == (
            (1, False) if outcome == TOLD else (0, True)
        )
        return
    message = refused(**given)
    if outcome == EXIT_4_UNSAID:
        assert "does not say what elevations count from" in message
        assert '--vertical jgd2011 (config: [crs] vertical = "jgd2011")' in message
    elif outcome == EXIT_4_CONTRADICTED:
        assert "but vertical is set to" in message
        assert "takes its word, or insist with --force-crs" in message
    else:
        assert f"{undulation(KOTO):.2f} m" in message
        assert "so they are likely" in message
        assert "give --vertical" in message


@pytest.mark.parametrize(
    ("said", "way"), [("jgd2011", "are ellipsoidal, all heights are {} m too high"),
                      ("ellipsoidal", "are above sea level, all heights are {} m too low")],
)  # fmt: skip
def test_the_doubt_names_who_said_it_and_by_how_much_heights_may_be_wrong(said, way):
    doubt = place(**case("plane", "config", said, "hill")).height_doubt
    assert "stated by configs/tokyo.toml" in doubt
    assert way.format(f"{undulation(HACHIOJI):.2f}") in doubt
    recorded = place(**case("compound", "nobody", "", "hill")).height_doubt
    assert "stated by file (GeoTIFF keys)" in recorded


def test_a_range_of_ground_that_holds_both_settles_nothing():
    hill = case("plane", "config", "jgd2011", "hill")
    assert place(**hill, ground_range_m=(0.0, 500.0)).height_doubt is not None
    assert place(**hill, ground_range_m=(130.0, 170.0)).height_doubt is None


def test_control_points_settle_it():
    hill = case("plane", "config", "jgd2011", "hill")
    at = np.array(hill["at"])
    options = CrsOptions(vertical="jgd2011", axis_order="en")
    held = resolve(hill["record"], options, at - ROOM, at + ROOM, "site.laz", CONFIG, held=True)
    assert (held.warnings, held.height_doubt) == ((), None)


def test_the_sea_has_no_hills():
    """A pit below the sea is told by its elevations, whatever was said."""
    given = case("plane", "config", "jgd2011", "jgd2011")
    deep = (*given["at"][:2], -60.0)
    (warning,) = place(**given | {"at": deep}).warnings
    assert "check unit and datum" in warning
    assert "-61.5 to -58.5 m" in warning


def test_the_doubt_stands_beside_the_numbers_in_both_languages():
    reference = place(**case("plane", "config", "jgd2011", "hill"))
    cloud = PointCloud(np.zeros((1, 3)), np.array(reference.middle))
    pipe = make_pipe("P1")
    told = Gathered((), cloud, reference, Config()).placed(pipe)
    assert pipe.quality == "good"
    assert told.quality == "usable"
    assert told.quality_reason == f"{pipe.quality_reason}; {reference.height_doubt}"
    assert "configs/tokyo.toml の指定のみ" in in_japanese(reference.height_doubt)
    assert "高すぎる" in in_japanese(reference.height_doubt)
    upwards = place(**case("plane", "config", "ellipsoidal", "hill")).height_doubt
    assert "低すぎる" in in_japanese(upwards)
    assert reference.describe()["height_doubt"] == restore(reference.describe()).height_doubt
