"""IFC files are valid, lie on the map, and hold what was measured; read by IfcOpenShell."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from factories import LOCAL, make_empty_survey, make_pipe, make_result, make_survey

from twin_pipeline.errors import UsageError
from twin_pipeline.export import formats
from twin_pipeline.export.attributes import FITTINGS, PIPES, STATIONS
from twin_pipeline.export.further import write_format
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.rows import fittings_table, pipes_table, stations_table
from twin_pipeline.model import JobFacts

ifcopenshell = pytest.importorskip(
    "ifcopenshell", reason="IfcOpenShell is not installed: pip install 'twin-pipeline[ifc]'"
)


def written(folder, *results, **options):
    """Export sites and return the files by site."""
    out = folder / "ifc"
    write_format("ifc", results, out, ExportOptions(**options), print, overwrite=True)
    return {path.stem: ifcopenshell.open(path) for path in out.rglob("*.ifc")}


def model(folder, result, **options):
    return written(folder, result, **options)[result.survey.site]


def psets(element):
    from ifcopenshell.util.element import get_psets

    found = get_psets(element)
    return {name: {k: v for k, v in held.items() if k != "id"} for name, held in found.items()}


def on_map(file, points):
    """Return points of the file's frame in the map projection."""
    (conversion,) = file.by_type("IfcMapConversion")
    assert (conversion.XAxisAbscissa, conversion.XAxisOrdinate, conversion.Scale) == (1, 0, 1)
    at = [conversion.Eastings, conversion.Northings, conversion.OrthogonalHeight]
    return np.asarray(points) + at


def axis_of(segment):
    (axis,) = [
        r for r in segment.Representation.Representations if r.RepresentationIdentifier == "Axis"
    ]
    return axis.Items[0].Points.CoordList


# IfcOpenShell leaves the file of its rules open
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_files_are_valid(tmp_path, result):
    from ifcopenshell import validate

    pipe = replace(result.survey.pipes[1], job=JobFacts("工-12", "西新宿本線", 2025, "GX"))
    file = model(tmp_path, make_result(make_survey(pipes=(pipe,))))
    assert file.schema_identifier == "IFC4X3_ADD2"
    log = validate.json_logger()
    validate.validate(file, log, express_rules=True)
    assert log.statements == []


def test_pipes_are_segments_of_a_water_supply(tmp_path, result):
    file = model(tmp_path, result)
    (system,) = file.by_type("IfcDistributionSystem")
    assert system.PredefinedType == "WATERSUPPLY"
    (group,) = file.by_type("IfcRelAssignsToGroup")
    assert group.RelatingGroup == system
    segments = [e for e in group.RelatedObjects if e.is_a("IfcPipeSegment")]
    assert [s.Name for s in segments] == ["P1", "P2", "P3"]
    assert {s.PredefinedType for s in segments} == {"RIGIDSEGMENT"}
    (contained,) = file.by_type("IfcRelContainedInSpatialStructure")
    assert contained.RelatingStructure.is_a("IfcSite")
    assert set(contained.RelatedElements) == set(group.RelatedObjects)


def test_centrelines_lie_on_the_map_to_a_millimetre(tmp_path, result):
    file = model(tmp_path, result)
    (crs,) = file.by_type("IfcProjectedCRS")
    assert (crs.Name, crs.MapZone) == ("EPSG:6677", "9")
    assert crs.VerticalDatum == "JGD2011 (vertical) height"
    for segment, pipe in zip(file.by_type("IfcPipeSegment"), result.survey.pipes, strict=True):
        line = on_map(file, axis_of(segment))
        assert np.abs(line - pipe.centreline).max() < 1e-3
        assert np.abs(axis_of(segment)).max() < 100


def test_bodies_are_the_barrels(tmp_path, result):
    from ifcopenshell import geom

    file = model(tmp_path, result)
    for segment, pipe in zip(file.by_type("IfcPipeSegment"), result.survey.pipes, strict=True):
        shape = geom.create_shape(geom.settings(), segment).geometry
        corners = np.array(shape.verts).reshape(-1, 3)
        a, b, c = corners[np.array(shape.faces).reshape(-1, 3)].transpose(1, 0, 2)
        volume = float(np.einsum("ti,ti->", a, np.cross(b, c))) / 6
        barrel = pi * pipe.outer_diameter_m**2 / 4 * pipe.length_m
        assert volume == pytest.approx(barrel, rel=0.03)
        low, high = pipe.centreline.min(axis=0), pipe.centreline.max(axis=0)
        assert np.all(on_map(file, corners) > low - 0.6 * pipe.outer_diameter_m)
        assert np.all(on_map(file, corners) < high + 0.6 * pipe.outer_diameter_m)


def equal(found, layer, row):
    for spec, value in zip(layer.fields, row, strict=True):
        expected = pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
        assert found.get(spec.name) == expected, spec.name


def test_every_field_of_the_schema_is_there(tmp_path, result):
    file = model(tmp_path, result)
    segments = file.by_type("IfcPipeSegment")
    for segment, row in zip(segments, pipes_table([result]).rows, strict=True):
        equal(psets(segment)["TwinPipeline_pipes"], PIPES, row)
    fittings = {f.Tag: psets(f)["TwinPipeline_fittings"] for f in file.by_type("IfcPipeFitting")}
    rows = fittings_table([result]).rows
    kept = [row for row in rows if row[2] != "end"]
    assert len(kept) == len(fittings)
    for found, row in zip(fittings.values(), kept, strict=True):
        equal(found, FITTINGS, row)


def test_stations_are_tables_over_the_chainage(tmp_path, result):
    file = model(tmp_path, result)
    segment = file.by_type("IfcPipeSegment")[0]
    (held,) = [
        r.RelatingPropertyDefinition
        for r in segment.IsDefinedBy
        if r.RelatingPropertyDefinition.Name == "TwinPipeline_stations"
    ]
    tables = {
        p.Name: {
            at.wrappedValue: value.wrappedValue
            for at, value in zip(p.DefiningValues, p.DefinedValues, strict=True)
        }
        for p in held.HasProperties
    }
    names = [spec.name for spec in STATIONS.fields]
    rows = [dict(zip(names, row, strict=True)) for row in stations_table([result]).rows]
    rows = [row for row in rows if row["pipe_id"] == "P1"]
    for name in ("cover_m", "crown_z_m", "outer_diameter_m", "observed"):
        wanted = {r["chainage_m"]: r[name] for r in rows if r[name] is not None}
        assert tables[name] == pytest.approx(wanted, abs=1e-9)


def test_standard_sets_have_sizes_and_uncertainty(tmp_path, result):
    file = model(tmp_path, result)
    found = psets(file.by_type("IfcPipeSegment")[0])
    common, unsure = found["Pset_PipeSegmentTypeCommon"], found["Pset_Uncertainty"]
    assert (common["NominalDiameter"], common["OuterDiameter"]) == (0.2, 0.22)
    assert unsure["UncertaintyBasis"] == ["MEASUREMENT"]
    assert (unsure["HorizontalUncertainty"], unsure["VerticalUncertainty"]) == (0.0031, 0.0027)
    third = psets(file.by_type("IfcPipeSegment")[2])
    assert "NominalDiameter" not in third["Pset_PipeSegmentTypeCommon"]


def test_fittings_stand_where_they_were_found(tmp_path, result):
    from ifcopenshell.util.placement import get_local_placement

    file = model(tmp_path, result)
    places = [
        on_map(file, get_local_placement(f.ObjectPlacement)[:3, 3])
        for f in file.by_type("IfcPipeFitting")
    ]
    wanted = [f.position for p in result.survey.pipes for f in p.fittings if f.kind != "end"]
    assert np.abs(np.array(places) - np.array(wanted)).max() < 1e-3
    assert len(file.by_type("IfcRelConnectsElements")) == len(wanted)


def test_another_projection_can_be_asked_for(tmp_path, result):
    file = model(tmp_path, result, crs="EPSG:6677")
    line = on_map(file, axis_of(file.by_type("IfcPipeSegment")[0]))
    # the made georeference is a flat earth, exact to decimetres only
    assert np.abs(line[:, 2] - result.survey.pipes[0].centreline[:, 2]).max() < 1e-6


def test_global_ids_are_stable(tmp_path, result):
    first, again = (
        [e.GlobalId for e in model(tmp_path, result).by_type("IfcRoot")] for _ in range(2)
    )
    assert first == again
    assert len(set(first)) == len(first)


def test_each_site_has_a_file_and_local_ones_no_map(tmp_path, result):
    local = make_result(make_survey("local", pipes=(make_pipe("P1"),)), georeference=LOCAL)
    empty = make_result(make_empty_survey())
    files = written(tmp_path, result, local, empty)
    assert set(files) == {result.survey.site, "local", "no_pipe"}
    assert files["local"].by_type("IfcMapConversion") == ()
    assert files["no_pipe"].by_type("IfcPipeSegment") == ()
    assert files["no_pipe"].by_type("IfcSite")[0].Name == "no_pipe"


def test_hostile_text_stays_text(tmp_path):
    name = "x');ENDSEC;\nDATA;#1=IFCWALL('\x07"
    pipe = make_pipe("P'1", job=JobFacts(route_name=name))
    result = make_result(make_survey(pipes=(pipe,)))
    file = model(tmp_path, result)
    assert file.by_type("IfcWall") == ()
    held = psets(file.by_type("IfcPipeSegment")[0])["TwinPipeline_pipes"]
    assert held["route_name"] == name.replace("\x07", "\ufffd")


def test_without_ifcopenshell_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"twin-pipeline\[ifc\]"):
        formats.require_formats(["ifc"], ExportOptions())
