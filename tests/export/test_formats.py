"""What each format holds, as an independent reader finds it: to a millimetre, all attributes."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import ezdxf
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
from lxml import etree

from tests.export import readers
from tests.export.landxml_schema import landxml_faults
from tests.factories import (
    EASTING_M,
    GROUND_Z_M,
    NORTHING_M,
    make_pipe,
    make_pipes,
    make_result,
    make_survey,
)
from twin_pipeline.crs import CrsOptions, CrsRecord, resolve
from twin_pipeline.export.attributes import FITTINGS, PIPES, PROVENANCE, STATIONS, TRENCH, FieldKind
from twin_pipeline.export.dataset import BUILDERS, Dataset
from twin_pipeline.export.formats import FORMATS, target_for
from twin_pipeline.export.further import write_format
from twin_pipeline.export.options import ExportOptions
from twin_pipeline.export.shapefile import SHORT_NAMES
from twin_pipeline.model import JobFacts

JOB = JobFacts("7水工第123号", "区道12号線", 2025, "GX")
METRE_TOLERANCE, DEGREE_TOLERANCE = 0.001, 1e-8
TOKYO = {
    "crs": "EPSG:6677",
    "vertical": "jgd2011",
    "axis_order": "en",
    "ground_range_m": (-50.0, 90.0),
}
SPATIAL = (PIPES, STATIONS, FITTINGS, TRENCH)
BUILDER = {build(()).layer: build for build in BUILDERS}


def located(site="新宿区 & <b>'1'<b>", **options):
    place = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])
    given = CrsOptions(**(TOKYO | options))
    georeference = resolve(CrsRecord(), given, place - 10, place + 10, "made by hand")
    pipes = tuple(replace(pipe, job=JOB) for pipe in make_pipes())
    return make_result(make_survey(site, pipes=pipes), georeference=georeference)


@pytest.fixture(scope="module")
def results():
    return (located(), located("second site"))


@pytest.fixture(scope="module")
def exported(results, tmp_path_factory):
    """Return a function that writes a format once and returns its folder and its dataset."""
    written = {}

    def export(name):
        if name not in written:
            notes = []
            folder = tmp_path_factory.mktemp("export") / name
            write_format(name, results, folder, ExportOptions(), notes.append)
            target = target_for(FORMATS[name].space, ExportOptions())(results[0])
            written[name] = folder, Dataset(results, target), notes
        return written[name]

    return export


def same(features, dataset, layer, *, names=None, as_text=False, flat=False):
    """Check attributes and geometry against the survey's own."""
    table = dataset.table(BUILDER[layer])
    assert len(features) == len(table.rows) > 0
    keys = [(names or {}).get(spec.name, spec.name) for spec in layer.fields]
    shapes = table.shapes or (None,) * len(table.rows)
    for (values, found), row, shape in zip(features, table.rows, shapes, strict=True):
        for key, spec, wanted in zip(keys, layer.fields, row, strict=True):
            value = values.get(key)
            if as_text and value is not None:
                value = {
                    FieldKind.TEXT: str,
                    FieldKind.BOOLEAN: lambda text: text == "true",
                    FieldKind.INTEGER: int,
                    FieldKind.REAL: float,
                }[spec.kind](value)
            if spec.kind is FieldKind.REAL and wanted is not None:
                assert value == pytest.approx(wanted, abs=10.0**-spec.decimals)
            else:
                assert value == wanted, key
        if shape is not None:
            wanted = np.atleast_2d(shape)[:, : 2 if flat else 3]
            tolerance = np.full(wanted.shape[1], METRE_TOLERANCE)
            if dataset.target.is_geographic:
                tolerance[:2] = DEGREE_TOLERANCE
            if layer is TRENCH and not np.allclose(found[1, :2], wanted[1, :2], atol=1e-7):
                found = found[::-1]  # noqa: PLW2901 - the other way round is the same outline
            assert (np.abs(found[:, : wanted.shape[1]] - wanted) < tolerance).all()


@pytest.mark.parametrize("layer", [*SPATIAL, PROVENANCE], ids=lambda layer: layer.name)
def test_geopackage(exported, layer):
    folder, dataset, _ = exported("gpkg")
    same(readers.with_gdal(folder / "pipes.gpkg", layer.name), dataset, layer)


@pytest.mark.parametrize("layer", [*SPATIAL, PROVENANCE], ids=lambda layer: layer.name)
def test_geojson(exported, layer):
    folder, dataset, _ = exported("geojson")
    path = folder / f"{layer.name}.geojson"
    same(readers.geojson(path), dataset, layer)
    same(readers.with_gdal(path), dataset, layer)


@pytest.mark.parametrize("layer", SPATIAL, ids=lambda layer: layer.name)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_shapefile(exported, layer, encoding):
    name = "shapefile" if encoding == "utf-8" else "shapefile-cp932"
    folder, dataset, notes = exported(name)
    path = folder / f"{layer.name}.shp"
    same(readers.with_gdal(path), dataset, layer, names=SHORT_NAMES)
    assert path.with_suffix(".cpg").read_text("ascii").strip().lower() == encoding
    assert "JGD_2011_Japan_Zone_9" in path.with_suffix(".prj").read_text("ascii")
    assert "新宿区".encode(encoding) in path.with_suffix(".dbf").read_bytes()
    assert notes == []


def test_shapefile_names_are_unique_and_fit():
    for layer in SPATIAL:
        names = [SHORT_NAMES[spec.name] for spec in layer.fields]
        assert len(set(names)) == len(names)
        assert all(len(name.encode()) <= 10 for name in names)


def test_shapefile_tells_what_it_can_not_keep(tmp_path):
    result = located("髙橋 😀 " + "長い名前" * 40)
    notes = []
    write_format("shapefile-cp932", [result], tmp_path / "x", ExportOptions(), notes.append)
    (values, _), *_ = readers.with_gdal(tmp_path / "x" / "pipes.shp")
    assert values["SITE"].startswith("髙橋 〓 長い")
    assert len(values["SITE"].encode("cp932")) in (253, 254)
    assert notes[0].startswith("pipes.dbf: site of 髙橋 😀")
    assert "長い名前" * 40 in (tmp_path / "x" / "provenance.csv").read_text("utf-8-sig")


@pytest.mark.parametrize("layer", SPATIAL, ids=lambda layer: layer.name)
def test_flatgeobuf(exported, layer):
    folder, dataset, _ = exported("flatgeobuf")
    path = folder / f"{layer.name}.fgb"
    order = {row[:4]: i for i, row in enumerate(dataset.table(BUILDER[layer]).rows)}
    features = readers.with_gdal(path)  # the index sorts them by place
    keys = [spec.name for spec in layer.fields[:4]]
    features.sort(key=lambda f: order.get(tuple(f[0].get(k) for k in keys), 0))
    same(features, dataset, layer)
    assert pyogrio.read_info(path)["crs"] == "EPSG:6677"


@pytest.mark.parametrize("layer", [*SPATIAL, PROVENANCE], ids=lambda layer: layer.name)
def test_geoparquet(exported, layer):
    folder, dataset, _ = exported("geoparquet")
    path = folder / f"{layer.name}.parquet"
    same(readers.with_duckdb(path), dataset, layer)
    schema = pq.read_schema(path)
    assert schema.field("site").metadata[b"title"] == "現場".encode()
    if layer is PROVENANCE:
        return
    geo = json.loads(schema.metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    assert (geo["version"], column["encoding"]) == ("1.1.0", "WKB")
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 10170}
    assert len(column["bbox"]) == (4 if layer is TRENCH else 6)


@pytest.mark.parametrize("layer", SPATIAL, ids=lambda layer: layer.name)
@pytest.mark.parametrize("name", ["kml", "kmz"])
def test_kml(exported, layer, name):
    folder, dataset, _ = exported(name)
    path = folder / f"pipes.{name}"
    features = readers.with_gdal(path, f"{layer.alias_ja} / {layer.name}")
    if layer is STATIONS:
        features = [(v | {"observed": bool(int(v["observed"]))}, g) for v, g in features]
    same(features, dataset, layer)


def test_kml_heights_are_above_the_sea_whatever_the_scans_are(tmp_path):
    wanted = GROUND_Z_M - 1.34
    for number, (vertical, elevation_m) in enumerate(
        [("jgd2011", wanted), ("ap", wanted - 1.1344), ("ellipsoidal", wanted - 37.006)]
    ):
        result = located(vertical=vertical)
        folder = tmp_path / str(number)
        write_format("kml", [result], folder, ExportOptions(), print)
        root = etree.parse(folder / "pipes.kml").getroot()
        line = next(root.iter("{http://www.opengis.net/kml/2.2}LineString"))
        texts = {etree.QName(e).localname: e.text for e in line}
        assert texts["altitudeMode"] == "absolute"
        height_m = float(texts["coordinates"].split()[0].split(",")[2])
        assert height_m == pytest.approx(elevation_m, abs=2e-3)


def test_kmz_is_reproducible_and_holds_the_kml(exported):
    kml, _, _ = exported("kml")
    kmz, _, _ = exported("kmz")
    with zipfile.ZipFile(kmz / "pipes.kmz") as archive:
        assert archive.read("doc.kml") == (kml / "pipes.kml").read_bytes()


@pytest.mark.parametrize("layer", SPATIAL, ids=lambda layer: layer.name)
def test_dxf(exported, layer):
    folder, dataset, _ = exported("dxf")
    same(readers.dxf(folder / "pipes.dxf", layer.name), dataset, layer)


def test_dxf_as_gdal_sees_it(exported):
    folder, dataset, _ = exported("dxf")
    features = readers.with_gdal(folder / "pipes.dxf")
    lines = [(v["Layer"], g) for v, g in features if v["Layer"].startswith("WATER_")]
    assert [layer for layer, _ in lines][:3] == [
        "WATER_MAIN_DIP_DN200",
        "WATER_BRANCH_DIP_DN100",
        "WATER_CROSSING_MATERIAL-UNKNOWN_DN-UNKNOWN",
    ]
    for (_, found), shape in zip(lines, dataset.table(BUILDER[PIPES]).shapes, strict=True):
        assert np.abs(found - shape).max() < METRE_TOLERANCE
    labels = [v["Text"] for v, _ in features if v["Layer"] == "LABEL_PIPE"]
    assert labels[0].startswith("P1 配水管 DIP φ200 L=9.90 土被り")


def test_dxf_text_can_not_end_a_tag_or_switch_a_style(tmp_path):
    nasty = 'é😀 "%%u^J\\P{;\n  0\nEOF\n'
    result = located(nasty)
    pipe = replace(result.survey.pipes[0], pipe_id=nasty)
    result = replace(result, survey=replace(result.survey, pipes=(pipe,)))
    notes = []
    path = write_format("dxf", [result], tmp_path / "x", ExportOptions(), notes.append)
    drawing = ezdxf.readfile(path / "pipes.dxf")
    assert drawing.audit().errors == []
    (values, _), *_ = readers.dxf(path / "pipes.dxf", "pipes")
    assert values["site"] == '〓〓 "%%u^J\\P{;   0 EOF '
    label = next(e for e in drawing.modelspace() if e.dxf.layer == "LABEL_PIPE")
    assert label.dxf.text.startswith('〓〓 "％％u＾J＼P{;   0 EOF  配水管')
    assert "site has characters that cp932 lacks" in notes[0]


@pytest.mark.parametrize("layer", [PIPES, STATIONS, FITTINGS], ids=lambda layer: layer.name)
def test_landxml(exported, layer):
    folder, dataset, _ = exported("landxml")
    path = folder / "pipes.xml"
    if layer is PIPES:
        features = readers.landxml_alignments(path)
    else:
        features = readers.landxml_points(path, layer.name)
    same(features, dataset, layer, as_text=True)


def test_landxml_is_as_the_schema_has_it(exported, tmp_path):
    folder, *_ = exported("landxml")
    assert landxml_faults(folder / "pipes.xml") == []
    upright = make_pipe("V1", (0.0, 0.0, -0.2), (0.0, 0.0, -2.2))
    for number, pipes in enumerate(((), (upright,))):
        result = make_result(make_survey(f"site {number}", pipes=pipes, trench=()))
        place = tmp_path / str(number)
        write_format("landxml", [result], place, ExportOptions(), lambda _: None)
        assert landxml_faults(place / "pipes.xml") == []


def test_landxml_networks_run_through_every_node(exported, results):
    folder, *_ = exported("landxml")
    root = etree.parse(folder / "pipes.xml").getroot()
    x = readers.LANDXML
    networks = list(root.iter(f"{x}PipeNetwork"))
    assert [n.get("name") for n in networks] == [r.survey.site for r in results]
    structs = {s.get("name"): s for s in networks[0].iter(f"{x}Struct")}
    pipes = {p.get("name"): p for p in networks[0].iter(f"{x}Pipe")}
    for pipe in pipes.values():
        start, end = (structs[pipe.get(ref)] for ref in ("refStart", "refEnd"))
        a, b = (np.array(s.find(f"{x}Center").text.split(), float) for s in (start, end))
        assert float(pipe.get("length")) == pytest.approx(np.linalg.norm(b - a), abs=2e-4)
        inverts = {
            i.get("refPipe"): i for i in (*start.iter(f"{x}Invert"), *end.iter(f"{x}Invert"))
        }
        assert pipe.get("name") in inverts
        diameter = float(pipe.find(f"{x}CircPipe").get("diameter"))
        assert float(start.get("elevSump")) == pytest.approx(a[2] - diameter / 2, abs=2e-4)
    first = results[0].survey.pipes[0]
    assert float(structs[f"{results[0].survey.site} P1-N1"].get("elevRim")) == pytest.approx(
        first.stations.ground_z_m[0], abs=1e-4
    )
    kinds = [s.get("desc") for name, s in structs.items() if " P2-" in name]
    assert kinds == ["end", "bend", "joint", "end"]
    assert root.find(f"{x}CoordinateSystem").get("epsgCode") == "6677"


@pytest.mark.parametrize("name", [n for n, f in FORMATS.items() if f.space == "projected"])
def test_another_projection_can_be_asked_for(tmp_path, name):
    result = located()
    options = ExportOptions(crs="EPSG:6676")
    write_format(name, [result], tmp_path / "x", options, print)
    manifest = json.loads((tmp_path / "x" / "export.json").read_text("utf-8"))
    assert manifest["systems"][0]["crs"] == "EPSG:6676"
    if (tmp_path / "x" / "pipes.gpkg").exists():
        (_, shape), *_ = readers.with_gdal(tmp_path / "x" / "pipes.gpkg", "pipes")
        line = result.survey.pipes[0].centreline
        back = target_for(FORMATS[name].space, options)(result)
        assert np.abs(shape[:, 2] - line[:, 2]).max() < METRE_TOLERANCE
        assert np.abs(shape - back.place(result.georeference, line)).max() < METRE_TOLERANCE
        assert 100_000 < shape[0, 0] - line[0, 0] < 130_000  # zone VIII begins 120 km further west


def test_heights_are_carried_into_the_system_asked_for(tmp_path):
    result = located(vertical="ellipsoidal")
    write_format("gpkg", [result], tmp_path / "x", ExportOptions(crs="EPSG:10170"), print)
    (_, shape), *_ = readers.with_gdal(tmp_path / "x" / "pipes.gpkg", "pipes")
    line = result.survey.pipes[0].centreline
    assert np.abs(shape[:, :2] - line[:, :2]).max() < METRE_TOLERANCE
    assert line[0, 2] - shape[0, 2] == pytest.approx(37.006, abs=2e-3)


@pytest.mark.parametrize("name", [n for n in FORMATS if n not in {"profile", "postgis"}])
def test_a_run_without_pipes_can_be_exported(tmp_path, name):
    empty = located()
    empty = replace(empty, survey=replace(empty.survey, pipes=(), trench=()))
    folder = write_format(name, [empty], tmp_path / "x", ExportOptions(), print)
    assert (folder / "export.json").is_file()
    assert len(list(Path(folder).iterdir())) > 1


@pytest.mark.parametrize("name", [n for n in FORMATS if n not in {"citygml", "profile", "postgis"}])
def test_a_local_scan_can_be_exported(tmp_path, name):
    box = np.array([20.0, 20.0, 5.0])
    options = CrsOptions(crs="local", origin=(139.7, 35.7, 77.0))
    georeference = resolve(CrsRecord(), options, -box, box, "made by hand")
    result = replace(located(), georeference=georeference)
    folder = write_format(name, [result], tmp_path / "x", ExportOptions(), print)
    assert (folder / "export.json").is_file()
