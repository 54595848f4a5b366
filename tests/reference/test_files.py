"""Lines are read from every format, into the scan's frame, in the right order, or refused."""

import ezdxf
import numpy as np
import pytest
from factories import EASTING_M, LOCAL, NORTHING_M, make_survey

from reference.made import (
    LINE,
    ORIGIN,
    georeference,
    shifted,
    write_csv,
    write_dxf,
    write_geojson,
    write_landxml,
)
from twin_pipeline.errors import GeoreferenceError, InputError
from twin_pipeline.reference.place import Request, placed, read_lines

NORTH_FIRST = LINE[:, [1, 0, 2]]
SITE = np.concatenate([pipe.centreline for pipe in make_survey().pipes])


def arrived(path, reference=None, **said):
    wanted = {"line": None, "crs": None, "axis_order": None, **said}
    request = Request("design", path, needs_levels=True, **wanted)
    return placed(request, read_lines(request), reference or georeference(), SITE)


def line_of(path, reference=None, **said):
    ((_, vertices),) = arrived(path, reference, **said)
    return vertices


def at_vertices(vertices):
    """Return what the line is at the vertices of LINE, where it may have more."""
    nearest = np.linalg.norm(vertices[None] - LINE[:, None], axis=2).argmin(axis=1)
    return vertices[nearest]


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_csv(path.with_suffix(".csv")),
        lambda path: write_csv(path.with_suffix(".csv"), NORTH_FIRST, "X座標,Y座標,管中心高"),
        lambda path: write_csv(path.with_suffix(".csv"), NORTH_FIRST, "x,y,z"),
        lambda path: write_csv(path.with_suffix(".csv"), header="x,y,z"),
        lambda path: write_csv(
            path.with_suffix(".csv"), NORTH_FIRST, "X座標(m),Y座標(m),管中心高(m)",
            encoding="cp932",
        ),
        lambda path: write_dxf(path.with_suffix(".dxf")),
        lambda path: write_dxf(path.with_suffix(".dxf"), units=4),
        lambda path: write_dxf(path.with_suffix(".dxf"), NORTH_FIRST),
        lambda path: write_dxf(path.with_suffix(".dxf"), split=True),
        lambda path: write_landxml(path.with_suffix(".xml")),
        lambda path: write_geojson(path.with_suffix(".geojson"), crs="urn:ogc:def:crs:EPSG::6677"),
    ],
)  # fmt: skip
def test_every_format_gives_the_same_line(tmp_path, write):
    vertices = line_of(write(tmp_path / "design"))
    assert np.abs(at_vertices(vertices) - LINE).max() < 1e-3
    along = np.diff(vertices[:, 0])
    assert (along > 0).all() or (along < 0).all()


def test_rfc_7946_is_longitude_latitude_and_its_heights_must_be_said(tmp_path):
    reference = georeference()
    path = write_geojson(tmp_path / "d.geojson", reference.to_geographic(LINE))
    with pytest.raises(GeoreferenceError, match=r"design\.vertical"):
        line_of(path)
    assert np.abs(line_of(path, vertical="ellipsoidal") - LINE).max() < 1e-3
    lonlat = np.column_stack((reference.to_geographic(LINE)[:, :2], LINE[:, 2]))
    path = write_geojson(tmp_path / "d.geojson", lonlat)
    assert np.abs(line_of(path, vertical="scan") - LINE).max() < 1e-3


def test_levels_from_other_datums_are_converted(tmp_path):
    path = write_csv(tmp_path / "d.csv", shifted(up=1.1344))
    assert np.abs(line_of(path, vertical="ap") - LINE).max() < 1e-3
    # A.P. counts from T.P., whichever geoid the scan's T.P. rests on
    assert (
        np.abs(line_of(path, georeference(vertical="jgd2024"), vertical="ap") - LINE).max() < 1e-3
    )
    path = write_csv(tmp_path / "d.csv", LINE)
    above_ap = line_of(path, georeference(vertical="ap"), vertical="jgd2011")
    assert above_ap[:, 2] == pytest.approx(LINE[:, 2] + 1.1344, abs=1e-3)


def test_a_landxml_in_ap_is_converted_and_another_datum_is_asked_for(tmp_path):
    path = write_landxml(tmp_path / "d.xml", shifted(up=1.1344))
    path.write_text(path.read_text("utf-8").replace('"T.P"', '"A.P."'), "utf-8")
    assert np.abs(at_vertices(line_of(path)) - LINE).max() < 1e-3
    path.write_text(path.read_text("utf-8").replace('"A.P."', '"O.P."'), "utf-8")
    with pytest.raises(GeoreferenceError, match=r"O\.P\..*design\.vertical"):
        line_of(path)


def test_files_in_another_projection_are_converted(tmp_path):
    """The zone next door, VIII, as a LandXML names it."""
    reference, other = georeference(), georeference(crs="EPSG:6677")
    from twin_pipeline.crs.target import projected_target

    moved = projected_target("EPSG:6676", "test").place(other, LINE)
    system = 'horizontalCoordinateSystemName="8(X,Y)"'
    path = write_landxml(tmp_path / "d.xml", moved, system=system)
    assert np.abs(at_vertices(line_of(path, reference)) - LINE).max() < 2e-3
    path = write_dxf(tmp_path / "d.dxf", moved)
    assert np.abs(line_of(path, crs="EPSG:6676") - LINE).max() < 2e-3


def test_curves_are_followed(tmp_path):
    """A quarter circle of 5 m, from east to north, with a parabola of levels."""
    centre = np.array([EASTING_M, NORTHING_M + 5.0])
    path = tmp_path / "d.xml"
    path.write_text(
        f"""<LandXML xmlns="http://www.landxml.org/schema/LandXML-1.2"><Units><Metric
 linearUnit="meter"/></Units><Alignments><Alignment name="C" staStart="100"><CoordGeom>
<Curve rot="ccw" radius="5"><Start>{centre[1] - 5} {centre[0]}</Start>
<Center>{centre[1]} {centre[0]}</Center><End>{centre[1]} {centre[0] + 5}</End></Curve></CoordGeom>
<Profile><ProfAlign name="p"><PVI>100 30</PVI><ParaCurve length="4">104 30.4</ParaCurve>
<PVI>107.854 30.4</PVI></ProfAlign></Profile></Alignment></Alignments></LandXML>""",
        "utf-8",
    )
    vertices = line_of(path)
    radii = np.linalg.norm(vertices[:, :2] - centre, axis=1)
    assert radii == pytest.approx(5.0, abs=5e-4)
    assert (np.diff(vertices[:, 0]) > -1e-9).all()
    chainage = np.concatenate(
        ([0.0], np.cumsum(np.linalg.norm(np.diff(vertices[:, :2], axis=0), axis=1)))
    )
    # the middle of a parabola lies a * L / 8 below the point of intersection
    assert np.interp(4.0, chainage, vertices[:, 2]) == pytest.approx(30.4 - 0.1 * 4 / 8, abs=1e-3)
    assert np.interp(1.0, chainage, vertices[:, 2]) == pytest.approx(30.1, abs=1e-3)


def test_pipe_networks_have_inverts(tmp_path):
    a, b = LINE[0], LINE[2]
    network = f"""<PipeNetworks><PipeNetwork name="N" pipeNetType="water"><Structs>
<Struct name="S1"><Center>{a[1]} {a[0]}</Center><Invert elev="30.5" flowDir="out" refPipe="P"/>
</Struct>
<Struct name="S2"><Center>{b[1]} {b[0]}</Center><Invert elev="30.3" flowDir="in" refPipe="P"/>
</Struct>
</Structs><Pipes><Pipe name="P" refStart="S1" refEnd="S2"><CircPipe diameter="0.2"/></Pipe></Pipes>
</PipeNetwork></PipeNetworks>"""
    lines = arrived(write_landxml(tmp_path / "d.xml", extra=network))
    line, vertices = lines[1]
    assert (line.name, line.level) == ("P", "invert")
    assert vertices == pytest.approx(np.array([[a[0], a[1], 30.5], [b[0], b[1], 30.3]]))


def test_a_drawing_in_metres_that_says_millimetres_is_taken_as_it_lies(tmp_path):
    """As drawings from a template are: the line lies at the site in one unit only."""
    path = write_dxf(tmp_path / "d.dxf")
    drawing = ezdxf.readfile(path)
    drawing.header["$INSUNITS"] = 4
    drawing.saveas(path)
    assert np.abs(line_of(path) - LINE).max() < 1e-3


def test_lines_in_blocks_are_found(tmp_path):
    drawing = ezdxf.new("R2010")
    block = drawing.blocks.new("ROAD")
    block.add_polyline3d([tuple(v - LINE[0]) for v in LINE], dxfattribs={"layer": "EDGE"})
    drawing.modelspace().add_blockref("ROAD", tuple(LINE[0]))
    drawing.saveas(tmp_path / "d.dxf")
    ((line, vertices),) = arrived(tmp_path / "d.dxf")
    assert line.name == "EDGE"
    assert np.abs(vertices - LINE).max() < 1e-3


def test_points_of_a_landxml_may_be_named(tmp_path):
    path = write_landxml(tmp_path / "d.xml")
    text = path.read_text("utf-8")
    first = f"<Start>{LINE[0, 1]:.6f} {LINE[0, 0]:.6f}</Start>"
    assert first in text
    point = f'<CgPoints><CgPoint name="BP">{LINE[0, 1]} {LINE[0, 0]}</CgPoint></CgPoints>'
    text = text.replace(first, '<Start pntRef="BP"/>').replace(
        "<Alignments>", point + "<Alignments>"
    )
    path.write_text(text, "utf-8")
    assert np.abs(at_vertices(line_of(path)) - LINE).max() < 1e-3
    path.write_text(text.replace('name="BP"', 'name="EP"'), "utf-8")
    with pytest.raises(InputError, match="'BP'"):
        arrived(path)


def test_a_line_can_be_named(tmp_path):
    path = write_dxf(tmp_path / "d.dxf")
    assert len(arrived(path, line="DESIGN")) == 1
    with pytest.raises(InputError, match="'OTHER'; its lines: DESIGN"):
        arrived(path, line="OTHER")


def test_csv_rows_are_parted_by_name_and_carry_covers(tmp_path):
    path = write_csv(
        tmp_path / "d.csv",
        np.concatenate((LINE, shifted(north=1.0))),
        "easting,northing,管頂高,name,土被り(m)",
        [f"{name},{cover}" for name in "AB" for cover in (1.2, 1.21, 1.22)],
    )
    (first, _), (second, vertices) = arrived(path)
    assert (first.name, second.name, first.level) == ("A", "B", "crown")
    assert second.cover_m.tolist() == [1.2, 1.21, 1.22]
    assert vertices == pytest.approx(shifted(north=1.0), abs=1e-3)


def test_a_file_of_another_place_is_refused_with_the_distance(tmp_path):
    with pytest.raises(GeoreferenceError, match=r"lies 20\.\d km \(en\)"):
        line_of(write_csv(tmp_path / "d.csv", shifted(east=20_000.0)))
    with pytest.raises(GeoreferenceError, match=r"design\.axis_order"):
        line_of(write_csv(tmp_path / "d.csv", header="x,y,z"), axis_order="ne")


def test_where_both_orders_are_at_the_site_the_order_is_asked_for(tmp_path):
    site = np.array([[100.0, 100.0, 30.0], [110.0, 110.0, 30.0]])
    path = write_csv(tmp_path / "d.csv", site, "x,y,z")
    request = Request("design", path, None, None, None)
    with pytest.raises(GeoreferenceError, match="whichever"):
        placed(request, read_lines(request), georeference(), site)


def test_a_local_scan_takes_lines_of_its_own_frame_only(tmp_path):
    path = write_csv(tmp_path / "d.csv")
    assert np.abs(line_of(path, LOCAL) - LINE).max() < 1e-3
    with pytest.raises(GeoreferenceError, match="local"):
        line_of(write_landxml(tmp_path / "d.xml"), LOCAL)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "easting,northing\n1,2\n", "has no line"),
        ("a.csv", "a,b\n1,2\n3,4\n", "no columns easting and northing"),
        ("a.csv", "easting,northing\n1,2\n3,inf\n", "row 3: 'inf'"),
        ("a.csv", "easting,northing\n1,2\n3\n", "row 3: ''"),
        ("a.geojson", "{}", "has no line"),
        ("a.geojson", "[1]", "is no GeoJSON"),
        ("a.geojson", '{"type": "LineString", "coordinates": [["x", 1], [2, 3]]}', "is no GeoJSON"),
        ("a.dxf", "no drawing", "is no DXF"),
        ("a.xml", "<LandXML", "is no XML"),
        ("a.xml", "<other/>", "is no LandXML"),
        ("a.xml", "<LandXML><Units><Imperial linearUnit='foot'/></Units></LandXML>", "foot"),
        ("a.xml", "<LandXML><Alignment><CoordGeom><Spiral/></CoordGeom></Alignment></LandXML>",
         "Spiral"),
        ("a.xml", "<LandXML><Alignment><CoordGeom><Line/></CoordGeom></Alignment></LandXML>",
         "a point has no coordinates"),
        ("a.shp", "", "must be one of"),
    ],
)  # fmt: skip
def test_files_that_hold_no_line_are_refused_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_lines(Request("design", path, None, None, None))
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_lines(Request("boundary", tmp_path / "none.csv", None, None, None))


def test_entities_of_other_files_are_not_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("1 2", encoding="utf-8")
    path = tmp_path / "a.xml"
    path.write_text(
        f'<!DOCTYPE x [<!ENTITY s SYSTEM "{secret.as_uri()}">]><LandXML><Alignment><CoordGeom>'
        "<Line><Start>&s;</Start><End>3 4</End></Line></CoordGeom></Alignment></LandXML>",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="no coordinates"):
        read_lines(Request("design", path, None, None, None))


def test_drawings_at_zero_have_no_levels(tmp_path):
    flat = LINE * [1.0, 1.0, 0.0]
    assert np.isnan(line_of(write_dxf(tmp_path / "d.dxf", flat))[:, 2]).all()
    assert ORIGIN[2] > 0
