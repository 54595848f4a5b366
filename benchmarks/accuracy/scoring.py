"""How far what was found in a scene is from its truth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from twin_pipeline.model import BoolArray, FittingKind, FloatArray, Pipe
from twin_pipeline.synthetic.scene import Scene
from twin_pipeline.synthetic.truth import BIN_M, PipeTruth, Truth

MIN_ARC_DEG = 60.0
MIN_BIN_POINTS = 3
STEP_M = 0.02
JOINT_REACH_M = 0.15
END_REACH_M = 0.15


@dataclass
class Match:
    """One true pipe against the found pipes that lie on it; metres, found less true."""

    truth: PipeTruth
    pieces: int
    recall: float
    """Share of the length of which at least 60 degrees could be seen; NaN where there is none."""
    arc_deg: float
    """Median over that length."""
    best: Pipe | None = None
    diameter: float = math.nan
    diameter_z: float = math.nan
    across: FloatArray = field(default_factory=lambda: np.empty(0))
    """(S,) horizontal offsets at observed stations."""
    up: FloatArray = field(default_factory=lambda: np.empty(0))
    crown: FloatArray = field(default_factory=lambda: np.empty(0))
    cover: FloatArray = field(default_factory=lambda: np.empty(0))
    cover_std: FloatArray = field(default_factory=lambda: np.empty(0))
    limit_m: float = math.nan
    """Cramer-Rao bound of the diameter's std, of the points used if each erred on its own."""
    joints: tuple[float, ...] = ()
    """Errors of the joints that were found within reach."""
    joints_z: tuple[float, ...] = ()
    """The same over their sigmas."""
    joints_missed: int = 0
    joints_false: int = 0
    bends: tuple[float, ...] = ()
    """Errors of the bends' angles, degrees; NaN where a bend was missed."""
    tees: tuple[float, ...] = ()
    """Errors of the tees that were found within a joint's reach."""
    tees_missed: int = 0
    tees_false: int = 0
    ends: int = 0
    """True ends that could be seen and were found."""
    ends_missed: int = 0
    ends_false: int = 0


@dataclass
class Score:
    """One scene."""

    name: str
    scene: Scene
    matches: list[Match]
    false_m: float
    """Length of pipe found where none is."""
    false_pipes: tuple[str, ...]
    seconds: float
    points: int


def score(name: str, pipes: Sequence[Pipe], truth: Truth, seconds: float, points: int) -> Score:
    """Compare the pipes found in a scene with its truth."""
    of_truth: dict[int, list[tuple[Pipe, BoolArray]]] = {k: [] for k in range(len(truth.pipes))}
    false_m, false_pipes = 0.0, []
    for pipe in pipes:
        line = _dense(pipe.centreline)
        on = [_on(line, pipe, true) for true in truth.pipes]
        best = max(range(len(on)), key=lambda k: int(on[k].sum()), default=-1)
        wrong = ~np.any(on, axis=0) if on else np.ones(len(line), bool)
        if wrong.sum() * STEP_M > 0.05:
            false_m += float(wrong.sum()) * STEP_M
            false_pipes.append(f"{pipe.role} {1000 * pipe.outer_diameter_m:.0f} mm")
        if best >= 0 and on[best].any():
            of_truth[best].append((pipe, on[best]))
    matches = [_match(true, of_truth[k]) for k, true in enumerate(truth.pipes)]
    return Score(name, truth.scene, matches, false_m, tuple(false_pipes), seconds, points)


def _dense(line: FloatArray) -> FloatArray:
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.arange(0.0, along[-1], STEP_M)
    return np.column_stack([np.interp(at, along, line[:, a]) for a in range(3)])


def _nearest(points: FloatArray, true: PipeTruth) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return chainage (N,), foot (N, 3) and tangent (N, 3) on the true centreline."""
    line = true.centreline
    _, k = cKDTree(line).query(points)
    best = np.full(len(points), np.inf)
    chainage = np.zeros(len(points))
    foot, tangent = np.zeros((len(points), 3)), np.zeros((len(points), 3))
    for shift in (-1, 0):
        a = np.clip(k + shift, 0, len(line) - 2)
        leg = line[a + 1] - line[a]
        length = np.linalg.norm(leg, axis=1)
        t = np.clip(np.sum((points - line[a]) * leg, axis=1) / length**2, 0.0, 1.0)
        here = line[a] + t[:, None] * leg
        distance = np.linalg.norm(points - here, axis=1)
        closer = distance < best
        best[closer] = distance[closer]
        step = true.chainage_m[a + 1] - true.chainage_m[a]
        chainage[closer] = (true.chainage_m[a] + t * step)[closer]
        foot[closer], tangent[closer] = here[closer], (leg / length[:, None])[closer]
    return chainage, foot, tangent


def _on(line: FloatArray, pipe: Pipe, true: PipeTruth) -> BoolArray:
    """Tell which vertices of a found pipe lie on a true one of about its size."""
    _, foot, _ = _nearest(line, true)
    near = np.linalg.norm(line - foot, axis=1) < max(0.25 * true.outer_diameter_m, 0.03)
    ratio = pipe.outer_diameter_m / true.outer_diameter_m
    return near & (abs(ratio - 1.0) < 0.2)


def _match(true: PipeTruth, found: list[tuple[Pipe, BoolArray]]) -> Match:
    seen = (true.bin_arc_deg >= MIN_ARC_DEG) & (true.bin_points >= MIN_BIN_POINTS)
    covered = np.zeros(len(seen), bool)
    for pipe, on in found:
        chainage, _, _ = _nearest(_dense(pipe.centreline)[on], true)
        covered[np.unique((chainage / BIN_M).astype(int)).clip(0, len(seen) - 1)] = True
    recall = float((covered & seen).sum() / seen.sum()) if seen.any() else math.nan
    arc = float(np.median(true.bin_arc_deg[seen])) if seen.any() else 0.0
    match = Match(true, len(found), recall, arc)
    if found:
        _measure(match, max(found, key=lambda item: item[0].length_m)[0])
    return match


def _measure(match: Match, pipe: Pipe) -> None:
    true, stations = match.truth, pipe.stations
    match.best = pipe
    match.diameter = pipe.outer_diameter_m - true.outer_diameter_m
    match.diameter_z = match.diameter / pipe.outer_diameter_std_m
    chainage, foot, tangent = _nearest(stations.centre, true)
    inner = (chainage > 0.0) & (chainage < true.length_m) & stations.observed
    off = stations.centre - foot
    level = np.cross(tangent, [0.0, 0.0, 1.0])
    level /= np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    match.across = np.sum(off * level, axis=1)[inner]
    match.up = np.sum(off * np.cross(level, tangent), axis=1)[inner]
    match.crown = (stations.crown_z_m - np.interp(chainage, true.chainage_m, true.crown_z_m))[inner]
    match.cover = (stations.cover_m - np.interp(chainage, true.chainage_m, true.cover_m))[inner]
    match.cover_std = stations.cover_std_m[inner]
    match.limit_m = diameter_limit_m(pipe.arc_deg, pipe.fit_rms_m, pipe.points)
    _joints(match, pipe)
    _bends(match, pipe)
    _tees(match, pipe)
    _ends(match, pipe)


def diameter_limit_m(arc_deg: float, noise_m: float, points: int) -> float:
    """Return the least std of a circle's diameter from points spread evenly over an arc, metres."""
    half = math.radians(0.5 * arc_deg)
    s, k = math.sin(half) / half, math.sin(2.0 * half) / (2.0 * half)
    c = 0.5 * (1.0 + k)
    return 2.0 * noise_m / math.sqrt(max(points, 1)) * math.sqrt(c / max(c - s * s, 1e-12))


def _joints(match: Match, pipe: Pipe) -> None:
    joints = [f for f in pipe.fittings if f.kind == FittingKind.JOINT]
    places = np.array([f.position for f in joints])
    found = _nearest(places, match.truth)[0] if len(places) else np.empty(0)
    visible = [
        joint
        for joint in match.truth.joints_m
        if match.truth.bin_arc_deg[min(int(joint / BIN_M), len(match.truth.bin_arc_deg) - 1)]
        >= MIN_ARC_DEG
    ]
    nearest = [int(np.argmin(np.abs(found - joint))) for joint in visible if len(found)]
    within = [
        (float(found[k] - joint), joints[k].chainage_std_m)
        for k, joint in zip(nearest, visible, strict=False)
        if abs(found[k] - joint) < JOINT_REACH_M
    ]
    match.joints = tuple(error for error, _ in within)
    match.joints_z = tuple(error / std for error, std in within if std)
    match.joints_missed = len(visible) - len(match.joints)
    true = np.array(match.truth.joints_m)
    match.joints_false = sum(
        not len(true) or float(np.abs(true - at).min()) >= JOINT_REACH_M for at in found
    )


def _bends(match: Match, pipe: Pipe) -> None:
    bends = [f for f in pipe.fittings if f.kind == FittingKind.BEND]
    errors = []
    for true in match.truth.bends:
        near = [
            abs(f.angle_deg or 0.0) - abs(true.angle_deg)
            for f in bends
            if abs(_nearest(np.array([f.position]), match.truth)[0][0] - true.chainage_m) < 0.5
        ]
        errors.append(min(near, key=abs) if near else math.nan)
    match.bends = tuple(errors)


def _found_at(match: Match, pipe: Pipe, kind: FittingKind) -> FloatArray:
    """Return the true chainages (F,) of a pipe's fittings of a kind."""
    places = np.array([f.position for f in pipe.fittings if f.kind == kind])
    return _nearest(places, match.truth)[0] if len(places) else np.empty(0)


def _tees(match: Match, pipe: Pipe) -> None:
    found, true = _found_at(match, pipe, FittingKind.TEE), np.array(match.truth.tees_m)
    errors = [float(found[np.argmin(np.abs(found - t))] - t) for t in true if len(found)]
    match.tees = tuple(error for error in errors if abs(error) < JOINT_REACH_M)
    match.tees_missed = len(true) - len(match.tees)
    match.tees_false = sum(
        not len(true) or float(np.abs(true - at).min()) >= JOINT_REACH_M for at in found
    )


def _ends(match: Match, pipe: Pipe) -> None:
    """Hold the ends against those true ones around which the pipe can be seen to its end."""
    arc, length = match.truth.bin_arc_deg, match.truth.length_m
    # the last bin may be cut short; a branch begins in its main
    shown = ((0.0, 0.0 if match.truth.role == "branch" else arc[0]), (length, arc[-2:].max()))
    true = np.array([at for at, seen in shown if seen >= MIN_ARC_DEG])
    found = _found_at(match, pipe, FittingKind.END)
    match.ends = sum(bool(np.any(np.abs(found - at) < END_REACH_M)) for at in true)
    match.ends_missed = len(true) - match.ends
    match.ends_false = sum(not np.any(np.abs(true - at) < END_REACH_M) for at in found)
