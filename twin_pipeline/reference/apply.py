"""Puts boundary and design beside a site's survey, and judges it by them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from twin_pipeline.crs.arrival import Reachable
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.model import DesignLine, FloatArray, Pipe
from twin_pipeline.reference.gates import cover_gates, design_gates
from twin_pipeline.reference.lines import FileLine
from twin_pipeline.reference.options import BoundaryOptions, CoverOptions, DesignOptions
from twin_pipeline.reference.place import Request, placed, read_lines


@dataclass(frozen=True, slots=True)
class References:
    """The options of all that a survey is compared with."""

    boundary: BoundaryOptions
    design: DesignOptions
    cover: CoverOptions

    def require_files(self) -> None:
        """Read the files, so that what is wrong with them is told before the long work.

        Raises
        ------
        InputError
            When one can't be read or holds no line that can be used.
        """
        for request in (_boundary_request(self.boundary), _design_request(self.design)):
            if request is not None:
                read_lines(request)


def _boundary_request(options: BoundaryOptions) -> Request | None:
    if options.file is None:
        return None
    return Request("boundary", options.file, options.line, options.crs, options.axis_order)


def _design_request(options: DesignOptions) -> Request | None:
    if options.file is None:
        return None
    return Request(
        "design",
        options.file,
        options.line,
        options.crs,
        options.axis_order,
        options.vertical,
        needs_levels=True,
    )


def with_references(result: SiteResult, reference: Reachable, options: References) -> SiteResult:
    """Return the site with boundary and design, further gates, and what they came from.

    Parameters
    ----------
    result
        The site.
    reference
        Its georeference.
    options
        Where the files are, and the limits.

    Raises
    ------
    InputError
        When a file can't be read or holds no line that can be used.
    GeoreferenceError
        When it can't be established where its lines lie.
    """
    survey = result.survey
    gates = [*survey.gates, *cover_gates(survey.pipes, options.cover)]
    warnings = list(survey.warnings)
    provenance = dict(result.provenance)
    boundary, design = result.boundary, result.design
    along, beside = _design_request(options.design), _boundary_request(options.boundary)
    if beside is not None and survey.pipes:
        boundary, name, others = _boundary(result, reference, beside)
        provenance |= _stated(beside, name)
        if others:
            warnings.append(
                f"{beside.file}: holds {others + 1} lines; offsets are taken from "
                f"{name or 'the one'} nearest to the pipes; boundary.line names another"
            )
    if along is not None and survey.pipes:
        design, others = _design(result, reference, along, options.design)
        if others:
            warnings.append(
                f"{along.file}: {others} lines without levels are left out of the design; "
                "design.line names those that count"
            )
        provenance |= _stated(along, ", ".join(dict.fromkeys(d.name for d in design if d.name)))
        gates += design_gates(survey, design, options.design)
    survey = replace(survey, gates=tuple(gates), warnings=tuple(warnings))
    return replace(
        result, survey=survey, provenance=provenance, boundary=boundary, design=tuple(design)
    )


def _boundary(
    result: SiteResult, reference: Reachable, request: Request
) -> tuple[FloatArray, str, int]:
    """Return the line nearest to the pipes, its name, and how many others there are."""
    lines = placed(request, read_lines(request), reference, _places(result.survey.pipes))
    stations = np.concatenate([pipe.stations.centre for pipe in result.survey.pipes])
    points = shapely.points(stations[:, :2])
    away = [
        float(np.median(shapely.distance(points, shapely.linestrings(vertices[:, :2]))))
        for _, vertices in lines
    ]
    line, vertices = lines[int(np.argmin(away))]
    return vertices[:, :2], line.name, len(lines) - 1


def _design(
    result: SiteResult, reference: Reachable, request: Request, options: DesignOptions
) -> tuple[tuple[DesignLine, ...], int]:
    """Return the designed lines, and how many others the file has that have no levels."""
    found = placed(request, read_lines(request), reference, _places(result.survey.pipes))
    lines = [_design_line(line, vertices, options) for line, vertices in found]
    levelled = [line for line in lines if _has_levels(line)] or lines
    return tuple(levelled), len(lines) - len(levelled)


def _has_levels(line: DesignLine) -> bool:
    return line.cover_m is not None or bool(np.isfinite(line.vertices[:, 2]).any())


def _design_line(line: FileLine, vertices: FloatArray, options: DesignOptions) -> DesignLine:
    return DesignLine(line.name, vertices, line.level or options.level, line.cover_m)


def _places(pipes: Sequence[Pipe]) -> FloatArray:
    return np.concatenate([pipe.centreline for pipe in pipes])


def _stated(request: Request, name: str) -> Mapping[str, str]:
    digest = hashlib.sha256(request.file.read_bytes()).hexdigest()
    stated = {f"{request.section}.file": request.file.name, f"{request.section}.sha256": digest}
    return stated | ({f"{request.section}.line": name} if name else {})
