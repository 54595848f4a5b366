"""The pipe network of a site in LandXML: nodes, and the straight pieces between them."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.rows import clean_text
from twin_pipeline.export.xml import Element, child
from twin_pipeline.geometry import polyline
from twin_pipeline.model import FloatArray, Pipe

_STRAIGHT_M = 0.0005


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """Where a pipe's pieces meet."""

    places: FloatArray
    """(N, 3) easting, northing, elevation of the centreline in the system of the file."""
    kinds: tuple[str, ...]
    """(N,) of the fitting there, or "vertex"."""
    ground_z_m: FloatArray
    """(N,) NaN where there is none."""


def append_network(parent: Element, dataset: Dataset, result: SiteResult) -> None:
    """Append the network of a site; nothing where it has no pipe."""
    if not result.survey.pipes:
        return
    site = clean_text(result.survey.site)
    network = child(parent, "PipeNetwork", attributes={"name": site, "pipeNetType": "water"})
    structs, pipes = child(network, "Structs"), child(network, "Pipes")
    for pipe in result.survey.pipes:
        nodes = _nodes(dataset, result, pipe)
        name = f"{site} {clean_text(pipe.pipe_id)}"
        _append_structs(structs, name, pipe, nodes)
        _append_pipes(pipes, name, pipe, nodes)


def _append_structs(parent: Element, name: str, pipe: Pipe, nodes: _Nodes) -> None:
    radius_m, last = pipe.outer_diameter_m / 2, len(nodes.places) - 1
    for i, (place, kind) in enumerate(zip(nodes.places, nodes.kinds, strict=True)):
        invert_z_m = place[2] - radius_m
        stated = {"name": _node_name(name, i), "desc": kind, "elevSump": _number(invert_z_m)}
        if np.isfinite(nodes.ground_z_m[i]):
            stated["elevRim"] = _number(nodes.ground_z_m[i])
        struct = child(parent, "Struct", attributes=stated)
        easting, northing, elevation = place
        child(struct, "Center", " ".join(map(_number, (northing, easting, elevation))))
        child(struct, "InletStruct" if i == 0 else "OutletStruct" if i == last else "Connection")
        for j, way in ((i - 1, "in"), (i, "out")):
            if 0 <= j < last:
                ends = {"elev": _number(invert_z_m), "flowDir": way, "refPipe": _piece(name, j)}
                child(struct, "Invert", attributes=ends)


def _append_pipes(parent: Element, name: str, pipe: Pipe, nodes: _Nodes) -> None:
    steps = np.diff(nodes.places, axis=0)
    for i, step in enumerate(steps):
        stated = {
            "name": _piece(name, i),
            "refStart": _node_name(name, i),
            "refEnd": _node_name(name, i + 1),
            "desc": f"{pipe.pipe_id} {pipe.role.value}",
            "length": _number(float(np.linalg.norm(step))),
        }
        piece = child(parent, "Pipe", attributes=stated)
        barrel = {"diameter": f"{pipe.outer_diameter_m:.4f}", "desc": "outer diameter"}
        if pipe.material is not None:
            barrel["material"] = pipe.material
        child(piece, "CircPipe", attributes=barrel)


def _nodes(dataset: Dataset, result: SiteResult, pipe: Pipe) -> _Nodes:
    line = pipe.centreline
    chainage = polyline.chainage(line)
    at = {float(chainage[i]): "vertex" for i in polyline.corners(line, _STRAIGHT_M)}
    at |= {float(np.clip(f.chainage_m, 0.0, chainage[-1])): f.kind.value for f in pipe.fittings}
    wanted = np.array(sorted(at))
    keep = np.concatenate(([True], np.diff(wanted) > _STRAIGHT_M))
    keep[-1] = True
    if len(keep) > 2 and wanted[-1] - wanted[-2] <= _STRAIGHT_M:
        keep[-2] = False
    wanted = wanted[keep]
    kinds = [at[float(where)] for where in wanted]
    kinds[0] = kinds[-1] = "end"
    places = polyline.along(line, line, wanted)
    ground = np.interp(wanted, pipe.stations.chainage_m, dataset.ground(result, pipe))
    return _Nodes(dataset.place(result, places), tuple(kinds), ground)


def _node_name(pipe: str, number: int) -> str:
    """Return a name that is the only one of its kind in the file, as references by name need."""
    return f"{pipe}-N{number + 1}"


def _piece(pipe: str, number: int) -> str:
    return f"{pipe}-{number + 1}"


def _number(value: float) -> str:
    return f"{value:z.4f}"
