"""Only what lies inside the trench: of a site's results."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import shapely

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.ground_mesh import GroundMesh, ground_mesh
from twin_pipeline.model import (
    CrossSection,
    FloatArray,
    LabelArray,
    Pipe,
    PointLabel,
    Stations,
    Survey,
)
from twin_pipeline.report.path import direction_at, positions_at, stretch, vertex_chainages_m

LEAST_M = 0.05
"""Shorter stretches of a pipe, between two corners of the boundary, are left out."""
EDGE_M = 0.001
"""So near to the boundary a vertex counts as on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Clipped:
    """A site without what lies outside of its trench."""

    result: SiteResult
    trench: shapely.Geometry
    """Scan frame, metres."""
    labels: LabelArray
    """New label of each old one."""


def trench_of(result: SiteResult) -> shapely.Geometry | None:
    """Return the area of a site's excavation, scan frame; None where none was found."""
    rings = [shapely.make_valid(shapely.Polygon(ring[:, :2])) for ring in result.survey.trench]
    area = shapely.union_all(rings)
    return area if area.area > 0 else None


def clip_result(result: SiteResult, trench: shapely.Geometry, slab_m: float) -> Clipped:
    """Return a site's pipes, stations, fittings and cross-sections inside the trench.

    Parameters
    ----------
    result
        The site.
    trench
        Area, scan frame, metres.
    slab_m
        Thickness of the slices that cross-sections show, metres.
    """
    shapely.prepare(trench)
    narrow = trench.buffer(-slab_m / 2)
    survey = result.survey
    labels = np.arange(int(PointLabel.FIRST_PIPE) + len(survey.pipes), dtype=np.uint16)
    pipes: list[Pipe] = []
    for number, pipe in enumerate(survey.pipes):
        parts = list(_parts(pipe, trench, narrow))
        gone = not parts
        labels[PointLabel.FIRST_PIPE + number] = (
            PointLabel.UNASSIGNED if gone else PointLabel.FIRST_PIPE + len(pipes)
        )
        pipes += parts
    inside = replace(survey, pipes=tuple(pipes), warnings=())
    return Clipped(replace(result, survey=inside), trench, labels)


def clipped_mesh(survey: Survey, trench: shapely.Geometry) -> GroundMesh | None:
    """Return the ground over the trench, without the pavement round it."""
    mesh = ground_mesh(survey)
    if mesh is None:
        return None
    near = trench.buffer(EDGE_M)
    inside = shapely.contains_xy(near, mesh.vertices[:, 0], mesh.vertices[:, 1])
    kept = mesh.over_trench & inside[mesh.triangles].all(axis=1)
    used, corners = np.unique(mesh.triangles[kept], return_inverse=True)
    if len(used) == 0:
        return None
    triangles = corners.reshape(-1, 3).astype(np.int64)
    return GroundMesh(mesh.vertices[used], triangles, np.ones(len(triangles), dtype=bool))


def _parts(pipe: Pipe, trench: shapely.Geometry, narrow: shapely.Geometry) -> Iterator[Pipe]:
    """Yield the parts of a pipe that lie in the trench; the pipe itself if that is all of it."""
    sections = tuple(_clipped_section(pipe, section, narrow) for section in pipe.sections)
    whole = replace(pipe, sections=tuple(part for part in sections if len(part.points)))
    line = shapely.LineString(pipe.centreline[:, :2])
    if trench.buffer(EDGE_M).covers(line):
        yield whole
        return
    found = (_part(whole, *ends) for ends in _stretches(pipe.centreline, trench))
    for number, part in enumerate(filter(None, found), start=1):
        yield part if number == 1 else replace(part, pipe_id=f"{part.pipe_id}-{number}")


def _stretches(centreline: FloatArray, trench: shapely.Geometry) -> Iterator[tuple[float, float]]:
    """Yield start and end (m, along the line) of what lies in the trench."""
    line = shapely.LineString(centreline[:, :2])
    steps = np.linalg.norm(np.diff(centreline[:, :2], axis=0), axis=1)
    plan_m = np.concatenate(([0.0], np.cumsum(steps)))
    crossings = shapely.get_coordinates(line.intersection(trench.boundary))
    at_m = shapely.line_locate_point(line, shapely.points(crossings))
    cuts = np.unique(np.concatenate(([0.0], at_m, [plan_m[-1]])))
    middles = shapely.line_interpolate_point(line, (cuts[:-1] + cuts[1:]) / 2)
    inside = shapely.contains(trench, middles)
    along = np.interp(cuts, plan_m, vertex_chainages_m(centreline))
    for start, end, within in zip(along[:-1], along[1:], inside, strict=True):
        if within and end - start >= LEAST_M:
            yield float(start), float(end)


def _part(pipe: Pipe, start_m: float, end_m: float) -> Pipe | None:
    """Return the part of a pipe between two chainages, None where no station is in it."""
    stations = pipe.stations
    inside = (stations.chainage_m >= start_m) & (stations.chainage_m <= end_m)
    if not inside.any():
        return None
    columns = {spec.name: getattr(stations, spec.name)[inside] for spec in fields(Stations)}
    part = Stations(**columns | {"chainage_m": columns["chainage_m"] - start_m})
    line = stretch(pipe, start_m, end_m)
    crown = np.interp((start_m, end_m), stations.chainage_m, stations.crown_z_m).tolist()
    share = (end_m - start_m) / float(vertex_chainages_m(pipe.centreline)[-1])
    covers = part.cover_m[np.isfinite(part.cover_m)]
    known = len(covers) > 0
    return replace(
        pipe,
        centreline=line,
        length_m=pipe.length_m * share,
        stations=part,
        cover_min_m=float(covers.min()) if known else None,
        cover_mean_m=float(covers.mean()) if known else None,
        cover_max_m=float(covers.max()) if known else None,
        cover_std_m=pipe.cover_std_m if known else None,
        crown_z_start_m=crown[0],
        crown_z_end_m=crown[1],
        centre_z_start_m=float(line[0, 2]),
        centre_z_end_m=float(line[-1, 2]),
        observed_fraction=float(part.observed.mean()),
        fittings=tuple(
            replace(fitting, chainage_m=fitting.chainage_m - start_m)
            for fitting in pipe.fittings
            if start_m <= fitting.chainage_m <= end_m
        ),
        sections=tuple(
            replace(section, chainage_m=section.chainage_m - start_m)
            for section in pipe.sections
            if start_m <= section.chainage_m <= end_m
        ),
    )


def _clipped_section(pipe: Pipe, section: CrossSection, narrow: shapely.Geometry) -> CrossSection:
    """Return a section with the points that are in the trench wherever in the slab they lie."""
    east, north = direction_at(pipe, section.chainage_m).tolist()
    centre = positions_at(pipe.centreline, np.array([section.chainage_m]))[0]
    across = section.points[:, 0]
    inside = shapely.contains_xy(narrow, centre[0] + across * north, centre[1] - across * east)
    return CrossSection(section.chainage_m, section.points[inside])
