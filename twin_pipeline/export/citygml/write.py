"""The folder of PLATEAU files: one .gml a map sheet, and the code lists."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twin_pipeline.crs.rectangular import zone_of
from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.export.citygml.codelists import require_code, write_code_lists
from twin_pipeline.export.citygml.elements import Builder, Element, positions, qualified
from twin_pipeline.export.citygml.node import node_at, node_element, nodes_of
from twin_pipeline.export.citygml.pipe import Context, pipe_element
from twin_pipeline.export.citygml.sheets import in_sheets, sheet_of
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.rows import pipes_table
from twin_pipeline.model import FloatArray

_SCHEMAS = (
    ("core", "citygml/2.0/cityGMLBase.xsd"),
    ("frn", "citygml/cityfurniture/2.0/cityFurniture.xsd"),
    ("gen", "citygml/generics/2.0/generics.xsd"),
    ("gml", "gml/3.1.1/base/gml.xsd"),
)


def write_citygml(dataset: Dataset, folder: Path) -> list[Path]:
    """Write udx/unf/SHEET_unf_EPSG.gml and codelists/ into a folder.

    Parameters
    ----------
    dataset
        The sites, in a plane rectangular system; objects of all of them share the sheets.
    folder
        An empty folder.

    Returns
    -------
    list of Path
        The files; no .gml where there is no pipe.

    Raises
    ------
    GeoreferenceError
        When a place is on no map sheet.
    UsageError
        When a code is in no code list.
    """
    options = dataset.options
    for key in ("occupier", "administrator"):
        require_code(key, getattr(options, f"citygml_{key}"))
    _tell_of_heights(dataset)
    created = dt.datetime.now().astimezone().date().isoformat()
    sheets: dict[str, list[Element]] = defaultdict(list)
    for result in dataset.results:
        context = Context(dataset, result, Builder(options.citygml_version), created)
        for sheet, element in _objects(context):
            sheets[sheet].append(element)
    lists = write_code_lists(folder / "codelists")
    return [*(_write_sheet(dataset, *sheet, folder) for sheet in sheets.items()), *lists]


def _tell_of_heights(dataset: Dataset) -> None:
    if dataset.target.vertical_name == "JGD2024 (vertical) height":
        dataset.warn(
            f"citygml: heights are JGD2024's, so the files declare EPSG:{dataset.target.epsg}; "
            "PLATEAU's specification 5 expects JGD2011 heights"
        )


def _objects(context: Context) -> Iterator[tuple[str, Element]]:
    """Yield each object with the code of its sheet."""
    pipes = context.result.survey.pipes
    nodes = nodes_of(pipes)
    for pipe, row in zip(pipes, pipes_table((context.result,)).rows, strict=True):
        ends = [node_at(nodes, pipe, start=start) for start in (True, False)]
        links = [None if n is None else context.facility_id(n.pipe, n.name) for n in ends]
        yield _sheet(context, pipe.centreline), pipe_element(context, pipe, row, links)
    for node in nodes:
        yield _sheet(context, node.position[None]), node_element(context, node)


def _sheet(context: Context, shape: FloatArray) -> str:
    line = context.place(shape)
    zone = zone_of(context.dataset.target.horizontal_epsg)
    if zone is None or not in_sheets(float(line[0, 1]), float(line[0, 0])):
        raise GeoreferenceError(
            f"{context.result.survey.site}: X {line[0, 1]:.0f} m, Y {line[0, 0]:.0f} m of "
            f"{context.dataset.target.name} is on no map sheet: correct export.citygml_zone, or "
            "the scan's CRS"
        )
    return sheet_of(zone, line)


def _write_sheet(dataset: Dataset, code: str, held: list[Element], folder: Path) -> Path:
    options, epsg = dataset.options, dataset.target.epsg
    ending = "op" if options.citygml_open_data else ""
    tokens = (code, "unf", str(epsg), options.citygml_name_option, ending)
    path = folder / "udx" / "unf" / ("_".join(filter(None, tokens)) + ".gml")
    path.parent.mkdir(parents=True, exist_ok=True)
    model = _city_model(epsg, held, options.citygml_version)
    model.getroottree().write(path, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return path


def _city_model(epsg: int | None, held: list[Element], version: str) -> Element:
    make = Builder(version)
    model = make.element("core:CityModel")
    model.set(qualified("xsi:schemaLocation"), _schema_location(make))
    model.append(make.element("gml:boundedBy", _envelope(make, epsg, held)))
    model.extend(make.element("core:cityObjectMember", element) for element in held)
    return model


def _envelope(make: Builder, epsg: int | None, held: list[Element]) -> Element:
    written = np.concatenate([_coordinates(element) for element in held])
    envelope = make.element(
        "gml:Envelope", srsName=f"http://www.opengis.net/def/crs/EPSG/0/{epsg}", srsDimension="3"
    )
    for name, corner in (("lower", written.min(axis=0)), ("upper", written.max(axis=0))):
        envelope.append(make.text(f"gml:{name}Corner", positions(corner[None, [1, 0, 2]])))
    return envelope


def _coordinates(element: Element) -> FloatArray:
    """Return all positions below an element as written, (N, 3) X, Y, H."""
    names = [qualified("gml:posList"), qualified("gml:pos"), "{*}pos"]
    texts = (found.text or "" for found in element.iter(*names))
    return np.array(" ".join(texts).split(), dtype=np.float64).reshape(-1, 3)


def _schema_location(make: Builder) -> str:
    spaces = make.namespaces()
    version = make.uro_version
    pairs = [f"{spaces['uro']} ../../schemas/iur/uro/{version}/urbanObject.xsd"]
    pairs += [f"{spaces[prefix]} http://schemas.opengis.net/{path}" for prefix, path in _SCHEMAS]
    return " ".join(pairs)
