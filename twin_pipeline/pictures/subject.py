"""One tube to be looked at: a pipe, or something that was not taken for one."""

from dataclasses import dataclass

import numpy as np

from twin_pipeline.digits import sigma
from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FittingKind, FloatArray, IntArray, Pipe
from twin_pipeline.pictures.record import Record, Try
from twin_pipeline.stages.measure import Fit

SECTIONS = 6
_JOINT_REACH_M = 0.35
_WORTH_SHOWING_M = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A tube, its fit, and what is said of it; local frame."""

    name: str
    heading: str
    verdict: str
    nodes: FloatArray
    """(K, 3)"""
    radius_m: float
    tube: Tube | None
    pipe: Pipe | None
    fit: Fit

    @property
    def length_m(self) -> float:
        """Length of the axis."""
        return polyline.length(self.nodes)


def of_pipe(record: Record, tube: Tube, pipe: Pipe) -> Subject | None:
    """Return a pipe to look at; None where its run was not told."""
    size = f"{1000 * pipe.outer_diameter_m:.1f} ± {sigma(1000 * pipe.outer_diameter_std_m, 1)} mm"
    nominal = f"DN{pipe.nominal_diameter_mm}" if pipe.nominal_diameter_mm else "DN open"
    heading = f"{pipe.pipe_id} {pipe.role}: outer diameter {size}, {nominal}"
    verdict = f"{pipe.quality}: {pipe.quality_reason}"
    return _subject(record, tube, pipe.pipe_id, heading, verdict, pipe)


def of_left_out(record: Record, tube: Tube, reason: str, number: int) -> Subject | None:
    """Return a tube that classification left out."""
    heading = f"Left out {number}: tube of {2000 * tube.radius_m:.1f} mm"
    return _subject(record, tube, f"left-out-{number}", heading, f"left out: {reason}", None)


def of_rejected(record: Record, one: Try) -> Subject | None:
    """Return a run that was measured and rejected; None where it has no points."""
    fit = record.fit_of(one)
    if fit is None:
        return None
    nodes = fit.nodes if one.tube is None else one.tube.nodes
    radius = fit.radius_m if one.tube is None else one.tube.radius_m
    look = "at a first look" if one.probe else "after it was measured"
    heading = f"Run {one.number}: {2000 * radius:.0f} mm, rejected {look}"
    verdict = f"rejected: {one.against}"
    return Subject(f"run-{one.number}", heading, verdict, nodes, radius, one.tube, None, fit)


def _subject(
    record: Record, tube: Tube, name: str, heading: str, verdict: str, pipe: Pipe | None
) -> Subject | None:
    one = record.try_of(tube)
    fit = record.fit_of(one) if one is not None else None
    if fit is None:
        return None
    return Subject(name, heading, verdict, tube.nodes, tube.radius_m, tube, pipe, fit)


def joints_of(subject: Subject) -> FloatArray:
    """Return the chainages of a pipe's joints."""
    fittings = subject.pipe.fittings if subject.pipe is not None else ()
    return np.array([f.chainage_m for f in fittings if f.kind is FittingKind.JOINT])


def hidden_stretches(subject: Subject) -> list[tuple[float, float]]:
    """Return first and last chainage of the stretches that were not observed."""
    if subject.tube is None:
        return []
    at = polyline.chainage(subject.nodes)
    return [(float(at[a]), float(at[b])) for a, b in stretches(~subject.tube.observed)]


def telling_chainages(subject: Subject) -> list[float]:
    """Return where to cut: evenly where it was measured, at a joint, and where it is hidden."""
    joints, length = joints_of(subject), subject.length_m
    hidden = [
        (first, last)
        for first, last in hidden_stretches(subject)
        if last - first >= _WORTH_SHOWING_M
        and not np.any(np.abs(joints - 0.5 * (first + last)) < _JOINT_REACH_M)
    ]
    longest = max(hidden, key=_extent, default=None)
    special = [] if longest is None else [0.5 * (longest[0] + longest[1])]
    special += joints[:1].tolist()
    plain = _plain_places(subject, joints)
    count = SECTIONS - len(special)
    wanted = (np.arange(count) + 0.5) * length / count
    chosen = {float(plain[np.abs(plain - at).argmin()]) for at in wanted} if len(plain) else set()
    return sorted({*special, *chosen})


def _extent(stretch: tuple[float, float]) -> float:
    return stretch[1] - stretch[0]


def _plain_places(subject: Subject, joints: FloatArray) -> FloatArray:
    at = polyline.chainage(subject.nodes)
    if subject.tube is not None:
        at = at[subject.tube.observed]
    near = np.abs(at[:, None] - joints[None]) < _JOINT_REACH_M
    away = at[~near.any(axis=1)]
    return away if len(away) else at


def fit_chainage(fit: Fit, place: FloatArray) -> float:
    """Return the chainage along a fit's nodes of a place (3,) on its axis."""
    node = int(np.linalg.norm(fit.nodes - place, axis=1).argmin())
    beyond = float((place - fit.nodes[node]) @ fit.tangent[node])
    return float(polyline.chainage(fit.nodes)[node]) + beyond


def across(tangent: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return unit vectors to the right and up, (K, 3), seen along tangents (K, 3)."""
    steep = np.abs(tangent[:, 2]) > 0.9
    reference = np.where(steep[:, None], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])
    right: FloatArray = np.cross(tangent, reference)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return right, np.asarray(np.cross(right, tangent))


def angles(fit: Fit) -> FloatArray:
    """Return the angle (N,) of points around the axis from up, to the right, radians."""
    right, up = across(fit.tangent)
    return np.arctan2(
        np.einsum("ij,ij->i", fit.radial, right[fit.node]),
        np.einsum("ij,ij->i", fit.radial, up[fit.node]),
    )


CLASSES = (
    ("off", "near, but outside the gate"),
    ("dropped", "sector dropped: not the pipe alone is seen there"),
    ("hidden", "stretch without part: hidden, a socket, or something on the pipe"),
    ("used", "used"),
)
"""What becomes of points, in the order of drawing; numbers as in `classes`."""


def classes(fit: Fit) -> IntArray:
    """Return for each point (N,) which of `CLASSES` it is."""
    on_shell = np.abs(fit.residual_m) <= max(0.12 * fit.radius_m, fit.band_m)
    kind = np.zeros(len(on_shell), np.int64)
    kind[on_shell & ~fit.kept] = 1
    kind[on_shell & fit.hidden[fit.node]] = 2
    kind[fit.used] = 3
    return kind
