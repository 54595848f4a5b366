"""uro:Appurtenance: joints, bends and tees, and which pipes they hold together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.export.citygml.elements import Builder, Element
from twin_pipeline.export.citygml.generic import text_attribute
from twin_pipeline.export.citygml.identity import object_id
from twin_pipeline.export.citygml.pipe import (
    NOT_MADE,
    Context,
    facility_element,
    map_symbol,
    quality_element,
    thematic_shape,
    utility_elements,
)
from twin_pipeline.model import Fitting, FittingKind, FloatArray, Pipe

_KINDS = {FittingKind.JOINT: "継手", FittingKind.BEND: "曲管", FittingKind.TEE: "T字管"}
_OTHER = "580"
"""その他施設: the code list has valves and hydrants, but nothing for these."""
_REACH_M = 0.1
"""How far from the fitting of another pipe a pipe may end that is held by it."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A fitting as a node of the network."""

    pipe: Pipe
    fitting: Fitting
    number: int
    """Among the nodes of its pipe, from 1."""
    starting: tuple[Pipe, ...]
    """Other pipes that begin here."""
    ending: tuple[Pipe, ...]
    """Other pipes that end here."""

    @property
    def name(self) -> str:
        """Name within its pipe: N1, N2, ..."""
        return f"N{self.number}"

    @property
    def position(self) -> FloatArray:
        """(3,) scan frame."""
        return np.asarray(self.fitting.position)


def nodes_of(pipes: Sequence[Pipe]) -> list[Node]:
    """Return the nodes of a site's pipes; the ends of a scan are no fittings and no nodes."""
    return [
        _node(pipe, fitting, number, pipes)
        for pipe in pipes
        for number, fitting in enumerate(
            (fitting for fitting in pipe.fittings if fitting.kind in _KINDS), start=1
        )
    ]


def _node(pipe: Pipe, fitting: Fitting, number: int, pipes: Sequence[Pipe]) -> Node:
    others = [other for other in pipes if other is not pipe] if _branches(fitting) else []
    at = np.asarray(fitting.position)
    starting = (o for o in others if _touches(at, o.centreline[0], pipe, o))
    ending = (o for o in others if _touches(at, o.centreline[-1], pipe, o))
    return Node(pipe, fitting, number, tuple(starting), tuple(ending))


def _branches(fitting: Fitting) -> bool:
    return fitting.kind is FittingKind.TEE


def _touches(at: FloatArray, end: FloatArray, pipe: Pipe, other: Pipe) -> bool:
    reach_m = (pipe.outer_diameter_m + other.outer_diameter_m) / 2 + _REACH_M
    return float(np.linalg.norm(end - at)) <= reach_m


def node_at(nodes: Sequence[Node], pipe: Pipe, *, start: bool) -> Node | None:
    """Return the node that a pipe begins or ends in, if there is one."""
    for node in nodes:
        if pipe in (node.starting if start else node.ending):
            return node
    end_m = 0.0 if start else pipe.length_m
    own = (node for node in nodes if node.pipe is pipe)
    near = (node for node in own if abs(node.fitting.chainage_m - end_m) < pipe.outer_diameter_m)
    return next(near, None)


def node_element(context: Context, node: Node) -> Element:
    """Return the uro:Appurtenance of a node."""
    make, kind = context.builder, _KINDS[node.fitting.kind]
    place = context.place(node.position)
    flat = place * np.array([1.0, 1.0, 0.0])
    own = context.facility_id(node.pipe)
    before = [own, *(context.facility_id(other) for other in node.ending)]
    after = [own, *(context.facility_id(other) for other in node.starting)]
    sources = [context.source, NOT_MADE, NOT_MADE, NOT_MADE]
    return make.element(
        "uro:Appurtenance",
        make.text("gml:name", f"{kind} {context.result.survey.site} {node.pipe.pipe_id}"),
        make.text("core:creationDate", context.created),
        *_measured(make, node),
        quality_element(make, sources, None),
        map_symbol(context, "E5", make.point(flat)),
        facility_element(context, node.pipe, context.facility_id(node.pipe, node.name)),
        *utility_elements(context, node.pipe),
        thematic_shape(make, make.point(place)),
        *(make.text("uro:previousLink", link) for link in before),
        *(make.text("uro:nextLink", link) for link in after),
        make.code("uro:appurtenanceType", "Appurtenance_appurtenanceType", _OTHER),
        gml_id=object_id(context.result, "node", node.pipe.pipe_id, node.name),
    )


def _measured(make: Builder, node: Node) -> Iterator[Element]:
    fitting = node.fitting
    yield text_attribute(make, "kind", fitting.kind)
    chainage = make.length("gen:value", fitting.chainage_m)
    yield make.element("gen:measureAttribute", chainage, name="chainage_m")
    for name in ("angle_deg", "catalogue_angle_deg"):
        value = getattr(fitting, name)
        if value is not None:
            number = make.text("gen:value", f"{value:.2f}")
            yield make.element("gen:doubleAttribute", number, name=name)
    if fitting.radius_m is not None:
        radius = make.length("gen:value", fitting.radius_m)
        yield make.element("gen:measureAttribute", radius, name="radius_m")
