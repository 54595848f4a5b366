"""What a run says in English is there in Japanese, too."""

import re

import numpy as np
import pytest

from tests.crs.places import SHINJUKU, lifted, place
from tests.factories import make_pipe, make_survey
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.crs import height_disagreements, record_from_geokeys
from twin_pipeline.export.japanese import in_japanese
from twin_pipeline.model import DesignLine, LevelKind
from twin_pipeline.reference.gates import cover_gates, design_gates
from twin_pipeline.reference.options import CoverOptions, DesignOptions
from twin_pipeline.stages.nominal import NominalOptions, decide_nominal

JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
SENTENCE = re.compile(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}")


def translated(text):
    """Return the Japanese of a text, in which no English sentence is left."""
    said = in_japanese(text)
    assert said is not None, text
    assert JAPANESE.search(said), said
    assert not SENTENCE.search(said), said
    return said


@pytest.mark.parametrize("cover", [(0.5, 0.004), (0.9, 0.004), (1.199, 0.004), (1.5, 0.004)])
def test_cover_gates(cover):
    least, std = cover
    pipe = make_pipe("P1", cover_min_m=least, cover_std_m=std)
    (gate,) = cover_gates([pipe], CoverOptions())
    said = translated(gate.detail)
    assert said.startswith("P1：最小土被り")
    assert f"{least:.3f} m" in said


def test_design_gates():
    pipe = make_pipe("P1")
    near = DesignLine("L1", pipe.centreline + np.array([0.0, 0.1, 0.0]), LevelKind.CENTRE)
    far = DesignLine("遠い; 線", pipe.centreline + np.array([0.0, 90.0, 0.0]), LevelKind.CENTRE)
    survey = make_survey(pipes=(pipe,))
    for lines in ((near,), (far,)):
        gates = design_gates(survey, lines, DesignOptions())
        assert gates
        for gate in gates:
            translated(gate.detail)


@pytest.mark.parametrize("diameter_m", [0.150, 0.1695, 0.5])
def test_open_nominal_diameters(diameter_m):
    for material in (None, "DIP"):
        found = decide_nominal(
            diameter_m, 0.02, load_catalogue(), NominalOptions(material=material)
        )
        if found.explanation is not None:
            translated(found.explanation)
    for wrong_m in (0.180, 0.0891):
        other = decide_nominal(wrong_m, 0.0003, load_catalogue(), NominalOptions(material="DIP"))
        assert "管種を確認すること" in translated(other.explanation)
    none = decide_nominal(0.055, 0.0005, load_catalogue(), NominalOptions(material="DIP"))
    assert "DIP の規格寸法がない" in translated(none.explanation)


def test_warnings_about_coordinates():
    tokyo = [(139.0, 35.5), (139.9, 35.5), (139.9, 35.9), (139.0, 35.9)]
    old, new = place(crs=6677, vertical="jgd2011"), place(crs=6677, vertical="jgd2024")
    import datetime as dt

    told = [
        *place(
            at=(30e3, 40e3, 20.0), crs=6677, vertical="jgd2011", area=tokyo, axis_order="en"
        ).warnings,
        *place(
            at=(-50200.0, -36900.0, 120.0),
            crs=6677,
            vertical="jgd2011",
            area=tokyo,
            axis_order="en",
            sources={"axis_order": "office.toml"},
        ).warnings,
        *place(at=lifted(SHINJUKU, 250), crs=6677, vertical="jgd2011", axis_order="en").warnings,
        *place(at=lifted(SHINJUKU, 37), crs=6677, vertical="jgd2011", force_crs=True).warnings,
        *place(at=(1.0, -2.0, 0.0), crs=6677, vertical="jgd2011").warnings,
        *place(record_from_geokeys({3072: 6677, 4096: 6695}), at=(-50e3, -36e3, 120.0)).warnings,
        *place(record_from_geokeys({3072: 6677, 4096: 5019}), at=(-50e3, -36e3, 160.0)).warnings,
        *place(at=(426.9e3, 3.8678e6, 3.0), crs=6691, vertical="jgd2011").warnings,
        *place(at=(-2e4, -34e4, 3.0), crs=6677, vertical="ellipsoidal", force_crs=True).warnings,
        *place(crs=6677, vertical="jgd2011", survey_date=dt.date(2026, 1, 5)).warnings,
        *place(crs=6677, vertical="jgd2011", written=dt.date(2026, 1, 5)).warnings,
        *place(record_from_geokeys({3072: 2451}), vertical="jgd2011", force_crs=True).warnings,
        *place(
            record_from_geokeys({3072: 2451}), vertical="jgd2011", crs=6677, force_crs=True
        ).warnings,
        *height_disagreements({"old": old, "new": new}),
    ]
    assert len(told) == 14
    for text in told:
        translated(text)


FURTHER = """
only 64 degrees of the circumference were seen: scan from both sides; nominal diameter open: DN75 (61 %)
nominal diameter open: DN150 (80 %) or DN125 (0 %), or no size of the catalogue (20 %)
nominal diameter open: DN150 (80 %) or DN200 (0 %), or no size of DIP (20 %)
diameter known to 7.4 mm only: scan closer or uncover more; no finished ground beside the pipe: no cover
diameter known to 2.0 mm only: a sleeve stands off the barrel by about 3 mm: measure the bare barrel by hand
position known to 12 mm only at 3.4 m: rescan there; 20 % of the length was hidden: uncover and rescan
finished ground known to 65 mm only at 3.0 m: it is uneven or lies on two levels there (kerb, heap): measure the cover by hand
hidden from 3.1 to 4.2 m: uncover and scan there; only 62 degrees of the circumference were seen from 5.0 to 7.5 m: scan there from both sides
well seen over 100 % of its length
seen over 93 % of its length
現場A: 3 found
x: no pipe found in the scan
left out a tube of 55 mm at -12791.55, -34395.65, 36.80: shoring strut
left out a tube of 55 mm at -12791.55, -34395.65, 36.80: stands upright
left out a tube of 68 mm at -1.55, -3.65, 6.80: soil that hides the main below it
left out a tube of 9 mm at -1.55, -3.65, 6.80: its points scatter by 9.1 mm, more than on a pipe
T1 is 400.0 mm off, the most of 6 (limit 50.0 mm; rms 1.3 mm); without T1 the others agree: check it
1 sigma up to 3.1 mm at the scan's edge (limit 50.0 mm)
a.laz: three control points fit almost anything: measure one more, so that a wrong one shows
job.csv: states facts of P9, but trench has no such pipe
job.csv: states nothing of site trench
a.laz: about 12% of the points repeat another one exactly
the 2 scans of the site were put together as they are, not aligned to each other: x
site a failed: a.laz: the header's bounding box is no place
"""  # noqa: E501 - messages as they are


@pytest.mark.parametrize("text", FURTHER.strip().splitlines())
def test_further_messages(text):
    translated(text)


def test_names_pass_through_and_what_is_not_known_stays():
    hostile = "<b>: 1 found; </b>.laz: no pipe found in the scan"
    assert "<b>" in in_japanese(hostile)
    assert in_japanese("nobody has foreseen this") is None
    assert in_japanese("") is None
    mixed = in_japanese("nobody has foreseen this; well seen over 100 % of its length")
    assert mixed == "nobody has foreseen this；延長の 100 % で良好に観測"
