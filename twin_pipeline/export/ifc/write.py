"""One IFC file a site: segments, fittings, the system that they form."""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from twin_pipeline.crs.rectangular import zone_of
from twin_pipeline.export.attributes import FITTINGS, PIPES, STATIONS, SiteResult
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.files import staged
from twin_pipeline.export.ifc.model import Entity, Model
from twin_pipeline.export.ifc.properties import (
    describe_pipe,
    describe_provenance,
    describe_row,
    describe_stations,
)
from twin_pipeline.export.rows import (
    Row,
    clean_text,
    fittings_table,
    pipes_table,
    provenance_of,
    stations_table,
)
from twin_pipeline.geometry.polyline import simplified
from twin_pipeline.model import FittingKind, FloatArray, Pipe

_FITTINGS = {
    FittingKind.BEND: ("BEND", "曲管"),
    FittingKind.TEE: ("JUNCTION", "T字管"),
    FittingKind.JOINT: ("CONNECTOR", "継手"),
}
_SMOOTH_M = 0.0005
"""By how much the line may be simplified along which the body is swept."""


def write_ifc(dataset: Dataset, folder: Path) -> list[Path]:
    """Write SITE.ifc for every site into a folder and return the files.

    Raises
    ------
    OutputError
        When a file can't be written.
    """
    return [
        _write_site(dataset, result, folder / f"{result.survey.site}.ifc")
        for result in dataset.results
    ]


def _write_site(dataset: Dataset, result: SiteResult, path: Path) -> Path:
    survey = result.survey
    key = f"{result.provenance.get('sha256', '')}\x1f{survey.site}"
    model = Model(survey.site, key, _origin(dataset, result))
    if not dataset.target.is_local:
        model.put_on_map(_map_names(dataset))
    site = model.site(survey.site, _lonlat(result), survey.ground_z_m)
    describe_provenance(model, site, provenance_of(result))
    pipes = (_pipe(model, dataset, site, pipe) for pipe in _described(result))
    elements = [element for pipe in pipes for element in pipe]
    if elements:
        _gather(model, site, elements)
    with staged(path) as beside:
        model.file.write(str(beside))
    return path


def _origin(dataset: Dataset, result: SiteResult) -> FloatArray:
    """Return whole metres in the middle of the pipes, so that coordinates stay small."""
    lines = [dataset.place(result, pipe.centreline) for pipe in result.survey.pipes]
    if dataset.target.is_local or not lines:
        return np.zeros(3)
    vertices = np.concatenate(lines)
    middle: FloatArray = np.round((vertices.min(axis=0) + vertices.max(axis=0)) / 2)
    middle[2] = 0.0  # elevations are read as they are
    return middle


def _map_names(dataset: Dataset) -> dict[str, str | None]:
    target = dataset.target
    zone = zone_of(target.horizontal_epsg)
    return {
        "Name": f"EPSG:{target.horizontal_epsg}" if target.horizontal_epsg else target.name,
        "Description": f"{target.name}, heights: {target.vertical_name}",
        "GeodeticDatum": None if zone is None else "JGD2011",
        "VerticalDatum": target.vertical_name,
        "MapProjection": None if zone is None else "Japan Plane Rectangular CS",
        "MapZone": None if zone is None else str(zone),
    }


def _lonlat(result: SiteResult) -> list[float] | None:
    """Return longitude and latitude of the middle of the site's pipes."""
    lines = [pipe.centreline for pipe in result.survey.pipes]
    if not lines:
        return None
    middle = np.concatenate(lines).mean(axis=0)
    lonlat: list[float] = result.georeference.to_geographic(middle[None])[0, :2].tolist()
    return lonlat


@dataclass(frozen=True, slots=True, eq=False)
class _Described:
    """A pipe with its rows of the schema."""

    result: SiteResult
    pipe: Pipe
    row: Row
    stations: list[Row]
    fittings: list[Row]


def _described(result: SiteResult) -> list[_Described]:
    rows = pipes_table((result,)).rows
    stations = _by_pipe(stations_table((result,)).rows)
    fittings = _by_pipe(fittings_table((result,)).rows)
    return [
        _Described(result, pipe, row, stations.get(row[1], []), fittings.get(row[1], []))
        for pipe, row in zip(result.survey.pipes, rows, strict=True)
    ]


def _by_pipe(rows: tuple[Row, ...]) -> dict[object, list[Row]]:
    return {pipe_id: list(held) for pipe_id, held in groupby(rows, key=lambda row: row[1])}


def _pipe(model: Model, dataset: Dataset, site: Entity, described: _Described) -> list[Entity]:
    """Return the segment of a pipe and its fittings."""
    pipe, result = described.pipe, described.result
    segment = _segment(model, site, pipe, dataset.place(result, pipe.centreline))
    describe_pipe(model, segment, pipe)
    describe_row(model, segment, PIPES, described.row)
    describe_stations(model, segment, STATIONS, described.stations)
    _material(model, segment, pipe)
    elements = [segment]
    pairs = zip(pipe.fittings, described.fittings, strict=True)
    for number, (fitting, row) in enumerate(pairs, start=1):
        if fitting.kind in _FITTINGS:
            place = dataset.place(result, np.asarray(fitting.position))
            made = _fitting(model, site, pipe, number, place)
            describe_row(model, made, FITTINGS, row)
            _connect(model, segment, made)
            elements.append(made)
    return elements


def _segment(model: Model, site: Entity, pipe: Pipe, line: FloatArray) -> Entity:
    swept = model.make(
        "IfcSweptDiskSolid",
        Directrix=model.polyline(simplified(line, _SMOOTH_M)),
        Radius=pipe.outer_diameter_m / 2,
    )
    shapes = [
        model.shape("Axis", "Curve3D", model.polyline(line)),
        model.shape("Body", "AdvancedSweptSolid", swept),
    ]
    size = "" if pipe.nominal_diameter_mm is None else f" DN{pipe.nominal_diameter_mm}"
    return model.rooted(
        "IfcPipeSegment",
        pipe.pipe_id,
        Name=clean_text(pipe.pipe_id),
        Description=clean_text(f"{pipe.role}{size}, {pipe.quality}: {pipe.quality_reason}"),
        ObjectPlacement=model.placement(site.ObjectPlacement),
        Representation=model.make("IfcProductDefinitionShape", Representations=shapes),
        Tag=clean_text(pipe.pipe_id),
        PredefinedType="RIGIDSEGMENT",
    )


def _fitting(model: Model, site: Entity, pipe: Pipe, number: int, place: FloatArray) -> Entity:
    """Return a fitting: its place and what it is; its body was not measured."""
    fitting = pipe.fittings[number - 1]
    kind, name = _FITTINGS[fitting.kind]
    return model.rooted(
        "IfcPipeFitting",
        pipe.pipe_id,
        str(number),
        Name=clean_text(f"{pipe.pipe_id} {name} {fitting.chainage_m:.2f} m"),
        ObjectPlacement=model.placement(site.ObjectPlacement, place),
        Tag=clean_text(f"{pipe.pipe_id}-{number}"),
        PredefinedType=kind,
    )


def _connect(model: Model, segment: Entity, fitting: Entity) -> None:
    model.rooted(
        "IfcRelConnectsElements",
        fitting.GlobalId,
        RelatingElement=segment,
        RelatedElement=fitting,
    )


def _material(model: Model, segment: Entity, pipe: Pipe) -> None:
    if pipe.material is None:
        return
    material = model.make("IfcMaterial", Name=clean_text(pipe.material), Category="pipe")
    model.rooted(
        "IfcRelAssociatesMaterial",
        segment.GlobalId,
        RelatedObjects=[segment],
        RelatingMaterial=material,
    )


def _gather(model: Model, site: Entity, elements: list[Entity]) -> None:
    """Put the elements on the site, and together into the system that serves it."""
    model.rooted(
        "IfcRelContainedInSpatialStructure",
        "site",
        RelatedElements=elements,
        RelatingStructure=site,
    )
    system = model.rooted(
        "IfcDistributionSystem",
        "system",
        Name="水道管 Water supply",
        LongName=site.Name,
        PredefinedType="WATERSUPPLY",
    )
    model.rooted("IfcRelAssignsToGroup", "system", RelatedObjects=elements, RelatingGroup=system)
    model.rooted(
        "IfcRelReferencedInSpatialStructure",
        "system",
        RelatedElements=[system],
        RelatingStructure=site,
    )
