"""PLATEAU files are valid, their solids closed, and they say what the survey says."""

from dataclasses import replace
from itertools import pairwise
from math import pi
from pathlib import Path

import numpy as np
import pytest
from factories import (
    EASTING_M,
    GROUND_Z_M,
    LOCAL,
    NORTHING_M,
    FakeGeoreference,
    make_empty_survey,
    make_pipe,
    make_result,
    make_survey,
)
from lxml import etree

from export.plateau import (
    DATA,
    NS,
    coordinates,
    corners,
    found,
    needs_schemas,
    open_edges,
    problems,
    rings,
    unevenness,
    volume,
)
from twin_pipeline.errors import GeoreferenceError, UsageError
from twin_pipeline.export.attributes import PIPES
from twin_pipeline.export.citygml.codelists import code_lists
from twin_pipeline.export.further import write_format
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.rows import pipes_table
from twin_pipeline.model import Fitting, FittingKind, JobFacts, Role


def written(folder, *results, warn=lambda _: None, **options):
    """Export sites and return the .gml files."""
    out = folder / "citygml"
    write_format("citygml", results, out, ExportOptions(**options), warn, overwrite=True)
    return sorted(out.rglob("*.gml"))


def model(folder, *results, **options):
    (path,) = written(folder, *results, **options)
    return etree.parse(path).getroot()


def pipes_of(root):
    return found(root, "//uro:WaterPipe")


def job(pipe, **facts):
    return replace(pipe, job=JobFacts(**facts))


def with_pipes(*pipes):
    return make_result(make_survey(pipes=pipes))


RISER = make_pipe(
    "R1", (0.0, 0.0, -1.3), (0.6, 3.0, -0.6), via=((3.0, 0.0, -1.3), (3.0, 0.0, -0.6))
)
HAIRPIN = make_pipe(
    "H1", (0.0, 0.0, -1.3), (0.0, 1.0, -1.2), via=((4.0, 0.0, -1.25), (4.0, 1.0, -1.22))
)
VERTICAL = make_pipe("V1", (0.0, 0.0, -1.5), (0.0, 0.0, -0.5))
LOOP = make_pipe(
    "L1", (0.0, 0.0, -1.3), (0.0, 1.0, -1.0),
    via=((3.0, 0.0, -1.3), (3.0, 3.0, -1.2), (1.0, 3.0, -1.1), (1.0, -1.0, -1.0)),
)  # fmt: skip


@needs_schemas
@pytest.mark.parametrize("version", ["3.2", "3.1"])
def test_files_are_valid_in_both_versions(tmp_path, results, version):
    facts = {"laid_fiscal_year": 2025, "route_name": "西新宿本線", "joint_type": "GX"}
    pipes = [job(pipe, **facts) for pipe in results[0].survey.pipes]
    result = replace(
        results[0],
        survey=replace(results[0].survey, pipes=tuple(pipes)),
        boundary=np.array([[EASTING_M, NORTHING_M - 2.0], [EASTING_M + 9.6, NORTHING_M + 0.4]]),
    )
    told = {"citygml_occupier": "2", "citygml_administrator": "2", "citygml_scanner": "slam"}
    (path,) = written(tmp_path, result, *results[1:], citygml_version=version, **told)
    assert problems(path, version) == []
    assert path.read_text("utf-8").count(f"iur/uro/{version}") > 1


@needs_schemas
def test_a_wrong_order_of_elements_is_found_by_the_schema(tmp_path, result):
    (path,) = written(tmp_path, result)
    tree = etree.parse(path)
    pipe = found(tree, "//uro:WaterPipe")[0]
    pipe.append(found(pipe, "uro:frnDataQualityAttribute")[0])
    tree.write(path)
    assert problems(path)


@pytest.mark.parametrize("pipe", [*make_survey().pipes, RISER, HAIRPIN, VERTICAL, LOOP])
@pytest.mark.parametrize("level", ["lod1Geometry", "lod2Geometry", "lod3Geometry"])
def test_solids_are_closed_and_two_manifold(tmp_path, pipe, level):
    root = model(tmp_path, with_pipes(pipe))
    faces = rings(found(root, f"//frn:{level}")[0])
    assert open_edges(faces) == []
    assert volume(faces) > 0
    assert unevenness(faces) < 1e-6


def test_levels_have_the_volume_that_the_pipe_has_there(tmp_path):
    pipe = make_pipe("P1", outer_diameter_m=0.22)
    root = model(tmp_path, with_pipes(pipe))
    plan_m = float(np.linalg.norm(pipe.centreline[-1, :2] - pipe.centreline[0, :2]))
    lod1, lod2, lod3 = (
        volume(rings(found(root, f"//frn:lod{level}Geometry")[0])) for level in (1, 2, 3)
    )
    assert lod1 == pytest.approx(plan_m * 0.22 * (pipe.cover_max_m + 0.22), rel=2e-3)
    assert lod2 == pytest.approx(pipe.length_m * 0.22**2, rel=1e-3)
    # chords lie at most a millimetre inside the circle
    assert pi * 0.109**2 < lod3 / pipe.length_m < pi * 0.11**2


def test_lod1_reaches_from_the_lowest_ground_to_the_lowest_point(tmp_path):
    pipe = make_pipe("P1")
    root = model(tmp_path, with_pipes(pipe))
    levels = np.unique(corners(found(root, "//frn:lod1Geometry")[0])[:, 2])
    top = float(pipe.stations.ground_z_m.min())
    bottom = top - pipe.cover_max_m - pipe.outer_diameter_m
    assert levels.tolist() == pytest.approx([bottom, top], abs=1e-4)


def test_lod3_lies_on_the_barrel(tmp_path):
    root = model(tmp_path, with_pipes(HAIRPIN))
    places = corners(found(root, "//frn:lod3Geometry")[0])
    line = HAIRPIN.centreline
    away = np.full(len(places), np.inf)
    for start, end in pairwise(line):
        along = end - start
        # the mitre reaches beyond the piece by at most the diameter
        share = np.clip((places - start) @ along / (along @ along), -0.2, 1.2)
        away = np.minimum(away, np.linalg.norm(places - start - share[:, None] * along, axis=1))
    assert away.max() == pytest.approx(HAIRPIN.outer_diameter_m / 2, abs=2e-4)


def test_coordinates_are_written_north_first(tmp_path, result):
    root = model(tmp_path, result)
    envelope = found(root, "gml:boundedBy/gml:Envelope")[0]
    assert envelope.get("srsName") == "http://www.opengis.net/def/crs/EPSG/0/10170"
    text = found(pipes_of(root)[0], "uro:thematicShape//gml:posList/text()")[0]
    first = [float(number) for number in text.split()[:3]]
    east, north, height = result.survey.pipes[0].centreline[0]
    assert first == pytest.approx([north, east, height], abs=1e-4)
    lower, upper = (
        coordinates(found(envelope, f"gml:{name}Corner/text()")[0])[0]
        for name in ("lower", "upper")
    )
    everything = np.concatenate([coordinates(t) for t in found(root, "//gml:posList/text()")])
    assert (everything.min(axis=0) >= lower).all()
    assert (everything.max(axis=0) <= upper).all()


def test_centrelines_agree_to_a_millimetre_and_lod0_lies_at_zero(tmp_path, result):
    for element, pipe in zip(pipes_of(model(tmp_path, result)), result.survey.pipes, strict=True):
        line = coordinates(found(element, "uro:thematicShape//gml:posList/text()")[0])
        assert np.abs(line - pipe.centreline).max() < 1e-3
        flat = coordinates(found(element, "uro:frnDmAttribute//gml:posList/text()")[0])
        assert np.abs(flat[:, :2] - pipe.centreline[:, :2]).max() < 1e-3
        assert not flat[:, 2].any()


def test_every_field_of_the_schema_is_there(tmp_path, result):
    named = replace(result.survey.pipes[0], job=JobFacts("工-12", "本線", 2025, "NS"))
    result = with_pipes(named, *result.survey.pipes[1:])
    rows = pipes_table([result]).rows
    for element, row in zip(pipes_of(model(tmp_path, result)), rows, strict=True):
        for spec, value in zip(PIPES.fields, row, strict=True):
            texts = found(element, f"*[@name='{spec.name}']/gen:value/text()")
            if value is None:
                assert texts == []
            elif isinstance(value, float):
                assert float(texts[0]) == pytest.approx(value, abs=0.51 * 10.0**-spec.decimals)
            else:
                assert texts == [str(value)]


def test_measures_have_their_own_elements_and_units(tmp_path):
    pipe = job(make_pipe("P1"), laid_fiscal_year=2025)
    element = pipes_of(model(tmp_path, with_pipes(pipe)))[0]
    wanted = {
        "outerDiameter": ("mm", 220.0),
        "maxWidth": ("m", 0.22),
        "depth": ("m", pipe.cover_mean_m),
        "minDepth": ("m", pipe.cover_min_m),
        "maxDepth": ("m", pipe.cover_max_m),
    }
    for name, (unit, value) in wanted.items():
        (measure,) = found(element, f"uro:{name}")
        assert (measure.get("uom"), float(measure.text)) == (unit, pytest.approx(value, abs=5e-4))
    lengths = found(element, "uro:lengthAttribute/uro:LengthAttribute/uro:length/text()")
    assert [float(text) for text in lengths] == pytest.approx([pipe.length_m] * 2, abs=1e-3)
    assert found(element, "uro:year/text()") == ["2025"]
    assert found(element, "uro:material/text()") == ["107"]
    assert found(element, "frn:function/text()") == ["5500"]


def test_only_measured_sections_give_a_depth(tmp_path):
    pipe = make_pipe("P1", hidden=(3.5, 5.5))
    boundary = np.array([[EASTING_M - 5, NORTHING_M - 3.0], [EASTING_M + 20, NORTHING_M - 3.0]])
    result = replace(with_pipes(pipe), boundary=boundary)
    element = pipes_of(model(tmp_path, result))[0]
    sections = found(element, "uro:offsetDepth/uro:OffsetDepth")
    seen = np.flatnonzero(pipe.stations.observed)
    assert len(sections) == len(seen) < len(pipe.stations)
    for section, i in zip(sections, seen, strict=True):
        place = coordinates(found(section, "uro:pos/text()")[0])[0]
        crown = [*pipe.stations.centre[i, :2], pipe.stations.crown_z_m[i]]
        assert place.tolist() == pytest.approx(crown, abs=1e-3)
        assert float(found(section, "uro:depth/text()")[0]) == pytest.approx(
            pipe.stations.cover_m[i], abs=6e-4
        )
        offset = pipe.stations.centre[i, 1] - (NORTHING_M - 3.0)
        assert float(found(section, "uro:offset/text()")[0]) == pytest.approx(offset, abs=6e-4)


def test_what_can_not_be_made_is_said_to_be_missing(tmp_path):
    pipe = make_pipe("P1", with_ground=False)
    element = pipes_of(model(tmp_path, with_pipes(pipe), citygml_scanner="terrestrial"))[0]
    assert found(element, "frn:lod1Geometry") == []
    quality = found(element, "uro:frnDataQualityAttribute/uro:DataQualityAttribute")[0]
    sources = [found(quality, f"uro:geometrySrcDescLod{i}/text()")[0] for i in range(4)]
    assert sources == ["108", "999", "108", "108"]
    assert found(quality, "uro:lod1HeightType") == []
    assert found(element, "uro:depth") == found(element, "uro:offsetDepth") == []


def test_fittings_are_nodes_that_name_their_pipes(tmp_path):
    main = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3))
    tee = Fitting(FittingKind.TEE, 5.0, tuple(main.centreline[0] + np.array([5.0, 0.0, 0.0])))
    main = replace(main, fittings=(*main.fittings, tee))
    branch = make_pipe(
        "P2", (5.0, 0.2, -1.3), (5.0, 3.0, -1.2), outer_diameter_m=0.118, role=Role.BRANCH,
        fittings=(),
    )  # fmt: skip
    root = model(tmp_path, with_pipes(main, branch))
    nodes = {
        found(node, "*[@name='kind']/gen:value/text()")[0]: node
        for node in found(root, "//uro:Appurtenance")
    }
    assert set(nodes) == {"joint", "tee"}
    ids = "uro:frnFacilityIdAttribute/uro:FacilityIdAttribute/uro:id/text()"
    names = [found(pipe, ids)[0] for pipe in pipes_of(root)]
    assert found(nodes["tee"], "uro:nextLink/text()") == names
    assert found(nodes["tee"], "uro:previousLink/text()") == names[:1]
    assert found(pipes_of(root)[1], "uro:startNode/text()") == found(nodes["tee"], ids)
    assert found(pipes_of(root)[1], "uro:endNode") == []
    place = coordinates(found(nodes["tee"], "uro:thematicShape//gml:pos/text()")[0])[0]
    assert place.tolist() == pytest.approx(list(tee.position), abs=1e-4)


def test_codes_are_in_the_code_lists_beside(tmp_path, result):
    (path,) = written(tmp_path, result, citygml_occupier="2", citygml_administrator="2")
    for element in etree.parse(path).iter():
        space = element.get("codeSpace") if isinstance(element.tag, str) else None
        if space is not None:
            codes = found(etree.parse((path.parent / space).resolve()), "//gml:Definition/gml:name")
            assert element.text in [code.text for code in codes]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the published code lists are not at {DATA}")
def test_our_code_lists_say_what_the_published_ones_say():
    folder = DATA / "plateau" / "codelists_spec_v5_3.2"
    for name, labels in code_lists().items():
        tree = etree.parse(folder / f"{name}.xml")
        definitions = found(tree, "//gml:Definition")
        published = {
            found(d, "gml:name/text()")[0]: found(d, "gml:description/text()")[0].strip()
            for d in definitions
        }
        own = {
            code: label
            for code, label in labels.items()
            if (name, code) != ("Common_dmCode", "0001")
        }
        assert own.items() <= published.items()


def test_files_are_named_after_sheet_system_and_what_they_are_for(tmp_path, result):
    paths = written(tmp_path, result, citygml_name_option="water", citygml_open_data=True)
    assert [path.relative_to(tmp_path / "citygml") for path in paths] == [
        Path("udx", "unf", "09LD162_unf_10170_water_op.gml")
    ]


def test_objects_go_to_the_sheet_that_holds_most_of_them(tmp_path):
    # the edge between the quarters 2 and 1 of the next column lies at Y = -12000 m
    east = -12_000.0 - EASTING_M
    pipe = make_pipe("P1", (east - 6.0, 0.0, -1.3), (east + 3.0, 0.0, -1.3))
    other = make_pipe("P2", (east - 3.0, 2.0, -1.3), (east + 6.0, 2.0, -1.3))
    paths = written(tmp_path, with_pipes(pipe, other))
    held = {
        path.name[:7]: found(
            etree.parse(path), "//uro:WaterPipe/*[@name='pipe_id']/gen:value/text()"
        )
        for path in paths
    }
    assert [names for names in held.values() if names] == [["P1"], ["P2"]]


def test_ids_are_stable_and_unique(tmp_path, result):
    def ids():
        return [node.get(f"{{{NS['gml']}}}id") for node in model(tmp_path, result).iter()]

    first = [name for name in ids() if name]
    assert first == [name for name in ids() if name]
    assert len(set(first)) == len(first)


def test_hostile_names_stay_text(tmp_path):
    name = '"/><uro:evil>&amp;\x08 ]]> -- '
    survey = make_survey(pipes=(job(make_pipe("P&<1>"), route_name=name),), warnings=())
    root = model(tmp_path, make_result(survey, provenance={"scan": name, "sha256": "00"}))
    assert found(root, "//*[local-name()='evil']") == []
    route = found(root, "//uro:WaterPipe//uro:route/text()")[0]
    assert route == name.replace("\x08", "\ufffd")


def test_jgd2024_heights_are_declared_as_such(tmp_path):
    told = []
    reference = FakeGeoreference(vertical_name="JGD2024 (vertical) height")
    (path,) = written(tmp_path, make_result(georeference=reference), warn=told.append)
    assert "EPSG/0/11327" in path.read_text("utf-8")
    assert path.name == "09LD162_unf_11327.gml"
    assert "JGD2024" in told[0]


@pytest.mark.parametrize(("geoid", "code"), [("gsigeo2011", 10170), ("jpgeo2024", 11327)])
def test_ap_heights_become_those_of_the_tp_that_they_count_from(tmp_path, geoid, code):
    """A.P. reads 1.1344 m more than T.P.; which T.P., the file declares."""
    from twin_pipeline.crs import CrsOptions, record_from_wkt, resolve

    lower, upper = (np.array([EASTING_M, NORTHING_M, 20.0]) + s for s in (-10.0, 20.0))
    options = CrsOptions(crs="EPSG:6677", vertical="ap", geoid=geoid, axis_order="en")
    reference = resolve(record_from_wkt(""), options, lower, upper, "made")
    root = model(tmp_path, make_result(georeference=reference))
    (envelope,) = found(root, "gml:boundedBy/gml:Envelope/@srsName")
    assert envelope.endswith(f"/{code}")
    line = coordinates(found(pipes_of(root)[0], "uro:thematicShape//gml:posList/text()")[0])
    expected = make_result().survey.pipes[0].centreline - np.array([0.0, 0.0, 1.1344])
    assert np.abs(line - expected).max() < 5e-4


def test_scans_in_other_projections_need_a_zone(tmp_path):
    from twin_pipeline.crs import CrsOptions, record_from_wkt, resolve

    corner = np.array([381_590.0, 3_950_350.0, 30.0])
    options = CrsOptions(crs="EPSG:6691", vertical="jgd2011")
    reference = resolve(record_from_wkt(""), options, corner, corner + 20.0, "made")
    moved = make_pipe("P1", fittings=())
    shift = corner - np.array([EASTING_M, NORTHING_M, GROUND_Z_M])
    stations = replace(moved.stations, centre=moved.stations.centre + shift * [1, 1, 0])
    moved = replace(moved, centreline=moved.centreline + shift * [1, 1, 0], stations=stations)
    result = make_result(make_survey(pipes=(moved,)), georeference=reference)
    with pytest.raises(GeoreferenceError, match="citygml_zone"):
        written(tmp_path, result)
    (path,) = written(tmp_path, result, citygml_zone=9)
    assert path.name.startswith("09LD1")
    # heights stay, the plan turns with the meridian's convergence
    line = coordinates(
        found(pipes_of(etree.parse(path))[0], "uro:thematicShape//gml:posList/text()")[0]
    )
    assert line[:, 2] == pytest.approx(moved.centreline[:, 2], abs=1e-3)
    length = np.linalg.norm(line[-1, :2] - line[0, :2])
    original = np.linalg.norm(moved.centreline[-1, :2] - moved.centreline[0, :2])
    assert length / original == pytest.approx(1.0, abs=6e-4)


def test_local_scans_are_refused(tmp_path):
    with pytest.raises(GeoreferenceError, match="local"):
        written(tmp_path, make_result(georeference=LOCAL))


def test_unknown_codes_are_refused_with_the_list(tmp_path, result):
    with pytest.raises(UsageError, match="2 東京都"):
        written(tmp_path, result, citygml_occupier="77")


def test_no_pipes_give_no_file(tmp_path):
    assert written(tmp_path, make_result(make_empty_survey())) == []
