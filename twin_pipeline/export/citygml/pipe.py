"""uro:WaterPipe: one measured pipe, its elements in the order that the schema wants."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.citygml.elements import Builder, Element, position
from twin_pipeline.export.citygml.generic import field_elements, provenance_element
from twin_pipeline.export.citygml.identity import object_id
from twin_pipeline.export.citygml.solids import Shell, barrel, block, box, is_closed
from twin_pipeline.export.citygml_options import GEOMETRY_SOURCES, CityGmlOptions
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.rows import Row, station_offsets
from twin_pipeline.model import FloatArray, Pipe

NOT_MADE = "999"
_MATERIALS = {"DIP": "107", "SP": "1", "SUS": "1", "HPPE": "112", "VP": "109"}
"""Codes of UtilityNetworkElement_material; steel and stainless share 金属."""
_UNKNOWN_MATERIAL = "99"


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the objects of one site share."""

    dataset: Dataset
    result: SiteResult
    builder: Builder
    created: str
    """ISO date."""

    def place(self, shape: FloatArray) -> FloatArray:
        """Return (K, 3) or (3,) coordinates of the site in the file's system."""
        return self.dataset.place(self.result, shape)

    @property
    def options(self) -> CityGmlOptions:
        """What the survey does not know."""
        return self.dataset.options

    @property
    def source(self) -> str:
        """Code of how geometry was measured."""
        return GEOMETRY_SOURCES[self.options.citygml_scanner]

    def facility_id(self, pipe: Pipe, *names: str) -> str:
        """Return the identifier that links objects: route, then site, pipe, and what of it."""
        names = (self.result.survey.site, pipe.pipe_id, *names)
        route = pipe.job.route_name
        return "-".join(names if route is None else (route, *names))


@dataclass(frozen=True, slots=True, eq=False)
class _Shapes:
    """A pipe's geometry in the file's system; None where a level can't be made."""

    line: FloatArray
    lod1: Shell | None
    lod2: Shell | None
    lod3: Shell | None


def pipe_element(context: Context, pipe: Pipe, row: Row, ends: Sequence[str | None]) -> Element:
    """Return the uro:WaterPipe of a pipe.

    Parameters
    ----------
    context
        What the site's objects share.
    pipe
        The pipe.
    row
        Its row of the schema.
    ends
        Facility ids of the nodes that it begins and ends in.
    """
    make = context.builder
    shapes = _shapes(context, pipe)
    return make.element(
        "uro:WaterPipe",
        *_feature(context, pipe, row),
        make.code("frn:function", "CityFurniture_function", "5500"),
        *_geometry(make, shapes),
        _quality(context, shapes),
        _map_symbol(context, shapes.line),
        _facility(context, pipe),
        *utility_elements(context, pipe),
        *_offset_depths(context, pipe),
        thematic_shape(make, make.composite_curve(shapes.line)),
        *_link(context, pipe, ends),
        make.length("uro:outerDiameter", 1000.0 * pipe.outer_diameter_m, "mm", 1),
        gml_id=object_id(context.result, "pipe", pipe.pipe_id),
    )


def _feature(context: Context, pipe: Pipe, row: Row) -> Iterator[Element]:
    make, survey = context.builder, context.result.survey
    grade = f"{pipe.quality}: {pipe.quality_reason}"
    yield make.text("gml:description", f"{survey.site} {pipe.pipe_id} ({grade})")
    yield make.text("gml:name", f"水道管路 {survey.site} {pipe.pipe_id}")
    yield make.text("core:creationDate", context.created)
    yield from field_elements(make, row)
    yield provenance_element(make, context.result)


def _geometry(make: Builder, shapes: _Shapes) -> Iterator[Element]:
    if shapes.lod1 is not None:
        yield make.element("frn:lod1Geometry", make.solid(shapes.lod1))
    if shapes.lod2 is not None:
        yield make.element("frn:lod2Geometry", make.solid(shapes.lod2))
    if shapes.lod3 is not None:
        yield make.element("frn:lod3Geometry", make.multi_surface(shapes.lod3))


def _shapes(context: Context, pipe: Pipe) -> _Shapes:
    line = context.place(pipe.centreline)
    size_m = pipe.outer_diameter_m
    return _Shapes(
        line,
        _closed(_ground_block(context, pipe, line)),
        _closed(box(line, size_m)),
        _closed(barrel(line, size_m)),
    )


def _ground_block(context: Context, pipe: Pipe, line: FloatArray) -> Shell | None:
    """Return LOD1: from the lowest ground above the pipe to its lowest point."""
    grounded = np.isfinite(pipe.stations.ground_z_m)
    if not grounded.any() or pipe.cover_max_m is None:
        return None
    above = pipe.stations.centre[grounded].copy()
    above[:, 2] = pipe.stations.ground_z_m[grounded]
    top_m = float(context.place(above)[:, 2].min())
    depth_m = pipe.cover_max_m + pipe.outer_diameter_m
    return block(line, pipe.outer_diameter_m, top_m, top_m - depth_m) if depth_m > 0 else None


def _closed(shell: Shell | None) -> Shell | None:
    """Return the shell if it is a closed surface; an open one is none."""
    return shell if shell is not None and is_closed(shell) else None


def _quality(context: Context, shapes: _Shapes) -> Element:
    make = context.builder
    levels = (shapes.line, shapes.lod1, shapes.lod2, shapes.lod3)
    sources = [NOT_MADE if shape is None else context.source for shape in levels]
    height = None if shapes.lod1 is None else "10"
    return quality_element(make, sources, height)


def quality_element(make: Builder, sources: list[str], lod1_height: str | None) -> Element:
    """Return the data quality block; `sources` are codes of LOD0 to LOD3."""
    quality = make.element("uro:DataQualityAttribute")
    described = "DataQualityAttribute_geometrySrcDesc"
    for level, source in enumerate(sources):
        quality.append(make.code(f"uro:geometrySrcDescLod{level}", described, source))
    # 100: surveyed, though not as a public survey
    quality.append(make.code("uro:thematicSrcDesc", "DataQualityAttribute_thematicSrcDesc", "100"))
    if lod1_height is not None:
        heights = "DataQualityAttribute_lod1HeightType"
        quality.append(make.code("uro:lod1HeightType", heights, lod1_height))
    return make.element("uro:frnDataQualityAttribute", quality)


def _map_symbol(context: Context, line: FloatArray) -> Element:
    flat = np.column_stack((line[:, :2], np.zeros(len(line))))
    return map_symbol(context, "E2", context.builder.multi_curve(flat))


def map_symbol(context: Context, geometry_type: str, geometry: Element) -> Element:
    """Return LOD0, whose place is the attribute of the public survey's map symbols."""
    make = context.builder
    return make.element(
        "uro:frnDmAttribute",
        make.element(
            "uro:DmGeometricAttribute",
            make.code("uro:dmCode", "Common_dmCode", "0001"),
            make.code("uro:geometryType", "Common_geometryType", geometry_type),
            make.code("uro:mapLevel", "Common_MapLevel", str(context.options.citygml_map_level)),
            make.code("uro:shapeType", "Common_shapeType", "0"),
            make.element("uro:lod0Geometry", geometry),
        ),
    )


def facility_element(context: Context, pipe: Pipe, facility_id: str) -> Element:
    """Return the identifier of an object, and the route that it belongs to."""
    make = context.builder
    attribute = make.element("uro:FacilityIdAttribute", make.text("uro:id", facility_id))
    if pipe.job.route_name is not None:
        attribute.append(make.text("uro:route", pipe.job.route_name))
    return make.element("uro:frnFacilityIdAttribute", attribute)


def _facility(context: Context, pipe: Pipe) -> Element:
    return facility_element(context, pipe, context.facility_id(pipe))


def utility_elements(context: Context, pipe: Pipe) -> Iterator[Element]:
    """Yield who owns an object and since when."""
    make, options = context.builder, context.options
    yield make.code("uro:occupierType", "UtilityNetworkElement_occupierType", "500")
    if options.citygml_occupier is not None:
        names = "UtilityNetworkElement_occupierName"
        yield make.code("uro:occupierName", names, options.citygml_occupier)
    year = pipe.job.laid_fiscal_year
    if year is not None:
        yield make.text("uro:year", f"{year:04d}")
    known = "6" if year is None else "0"
    yield make.code("uro:yearType", "UtilityNetworkElement_yearType", known)
    if options.citygml_administrator is not None:
        names = "UtilityNetworkElement_administrator"
        yield make.code("uro:administrator", names, options.citygml_administrator)


def _offset_depths(context: Context, pipe: Pipe) -> Iterator[Element]:
    """Yield one block for every measured section; where the pipe was hidden there is none."""
    make, stations = context.builder, pipe.stations
    offsets = station_offsets(context.result, pipe)
    crown = np.column_stack((stations.centre[:, :2], stations.crown_z_m))
    places = context.place(crown)
    for i in np.flatnonzero(stations.observed).tolist():
        section = make.element("uro:OffsetDepth", make.text("uro:pos", position(places[i])))
        if offsets is not None and np.isfinite(offsets[i]):
            section.append(make.length("uro:offset", float(offsets[i])))
        if np.isfinite(stations.cover_m[i]):
            section.append(make.length("uro:depth", float(stations.cover_m[i])))
        if len(section) > 1:
            yield make.element("uro:offsetDepth", section)


def thematic_shape(make: Builder, geometry: Element) -> Element:
    """Return a shape whose heights are those of the pipe's centre."""
    shape = make.element(
        "uro:ThematicShape",
        make.code("uro:heightType", "ThematicShape_heightType", "1"),
        make.element("uro:shape", geometry),
    )
    return make.element("uro:thematicShape", shape)


def _link(context: Context, pipe: Pipe, ends: Sequence[str | None]) -> Iterator[Element]:
    make = context.builder
    for name, node in zip(("uro:startNode", "uro:endNode"), ends, strict=True):
        if node is not None:
            yield make.text(name, node)
    if pipe.cover_mean_m is not None and pipe.cover_min_m is not None:
        yield make.length("uro:depth", pipe.cover_mean_m)
        yield make.length("uro:minDepth", pipe.cover_min_m)
        yield make.length("uro:maxDepth", pipe.cover_max_m or pipe.cover_mean_m)
    yield make.length("uro:maxWidth", pipe.outer_diameter_m)
    offsets = station_offsets(context.result, pipe)
    if offsets is not None and np.isfinite(offsets).any():
        yield make.length("uro:offset", float(np.nanmean(offsets)))
    material = _MATERIALS.get(pipe.material or "", _UNKNOWN_MATERIAL)
    yield make.code("uro:material", "UtilityNetworkElement_material", material)
    plan_m = float(np.linalg.norm(np.diff(pipe.centreline[:, :2], axis=0), axis=1).sum())
    yield _length(context, pipe, pipe.length_m, "1")
    yield _length(context, pipe, plan_m, "2")


def _length(context: Context, pipe: Pipe, length_m: float, measure: str) -> Element:
    """Return a length, as built where the year of laying is known, else as surveyed.

    The measure is along the pipe (1) or in plan (2).
    """
    make = context.builder
    phase = "3" if pipe.job.laid_fiscal_year is None else "1"
    attribute = make.element(
        "uro:LengthAttribute",
        make.length("uro:length", length_m),
        make.code("uro:measureType", "LengthAttribute_measureType", measure),
        make.code("uro:phaseType", "LengthAttribute_phaseType", phase),
    )
    return make.element("uro:lengthAttribute", attribute)
