"""Scans of one site aligned to each other by what they both show.

Point-to-plane ICP (Chen and Medioni 1991) by Open3D, from coarse to fine, with Tukey's weights so
that what only one scan shows (a pipe laid meanwhile, a person) pulls at nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from twin_pipeline.errors import GeoreferenceError, UsageError
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.registration.fit import Fit
from twin_pipeline.registration.options import RegistrationOptions
from twin_pipeline.registration.patches import (
    Patches,
    open_motion,
    patches_of,
    step_together,
)
from twin_pipeline.registration.similarity import Similarity

_COARSE_VOXEL_M, _VOXEL_M = 0.05, 0.02
_NORMALS_M, _NORMALS_POINTS = 0.1, 50
_FINE_M = 0.03
"""Points of both scans nearer than this count as the same surface."""
_STEPS = 40
_REFINED_M = (0.12, 0.06, _FINE_M)
_REFINEMENTS = 20
_SETTLED = 1e-5
"""A step of refinement that turns less (rad) and moves less (m) is the last."""
_SYSTEMATIC_M = 0.001
_SHARED = 4.0
"""Patches that drift together, as a walk's errors reach over about a metre."""

INSTALL = (
    "pip install 'twin-pipeline[open3d]' (on Debian it needs libusb-1.0-0, libgl1 and libgomp1)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How one scan was moved onto others."""

    fitted: Fit
    """Residuals are distances from the others' surface, one a patch of 0.25 m."""
    overlap: float
    """Share of the scan's surface that the others show, too."""

    def describe(self) -> dict[str, Any]:
        """Return the alignment, JSON-ready for run.json."""
        change = self.fitted.similarity
        std_h_m, std_v_m = self.fitted.std_m(change.target[np.newaxis])[0]
        return {
            "method": "icp",
            "overlap": round(self.overlap, 4),
            "rms_m": round(self.fitted.rms_m, 5),
            "rotation": change.rotation.tolist(),
            "rotation_deg": round(change.angle_deg, 6),
            "from": change.source.tolist(),
            "to": change.target.tolist(),
            "moved_m": round(float(np.linalg.norm(change.target - change.source)), 5),
            "std_h_m": round(float(std_h_m), 5),
            "std_v_m": round(float(std_v_m), 5),
        }


def available() -> bool:
    """Whether Open3D is installed."""
    return find_spec("open3d") is not None


def align(
    cloud: PointCloud, onto: Sequence[PointCloud], name: str, options: RegistrationOptions
) -> Alignment:
    """Return the motion that brings a cloud onto others.

    Parameters
    ----------
    cloud
        The one to move; it must lie within `align_reach_m` of its place already.
    onto
        Clouds that stay, aligned to each other.
    name
        Of the scan, for errors.
    options
        Section `registration`.

    Raises
    ------
    UsageError
        When Open3D can't be used.
    GeoreferenceError
        When the scans have too little in common, or what they share does not fix the motion.
    """
    open3d = _open3d()
    origin = onto[0].origin
    matrix = np.eye(4)
    for voxel_m, distances_m in _levels(options.align_reach_m):
        source = _thinned(open3d, [cloud], origin, voxel_m)
        target = _thinned(open3d, onto, origin, voxel_m)
        matrix = _converged(open3d, source, target, matrix, distances_m)
    for distance_m in _REFINED_M:
        matrix = _refined(open3d, source, target, matrix, distance_m)
    seen, overlap = _compared(open3d, source, target, matrix, _FINE_M)
    if overlap < options.min_overlap:
        raise GeoreferenceError(
            f"{name}: {overlap:.0%} of it agrees with the other scans of its site within "
            f"{1000 * _FINE_M:.0f} mm, but {options.min_overlap:.0%} are needed to align it: give "
            "control points (--gcp), scan with more overlap, or run it as a site of its own"
        )
    moved = np.asarray(source.points) @ matrix[:3, :3].T + matrix[:3, 3]
    fitted = _fit(matrix, origin, seen)
    _require_held(seen, name)
    _require_fixed(fitted, moved + origin, name, options)
    return Alignment(fitted, overlap)


def _refined(
    open3d: Any,  # noqa: ANN401
    source: Any,  # noqa: ANN401
    target: Any,  # noqa: ANN401
    matrix: FloatArray,
    distance_m: float,
) -> FloatArray:
    """Return a motion brought on by patches instead of points.

    Single points pull a scan back to where it was: the nearest neighbour of each is beside it, and
    their normals are noisy. Patches have neither fault, so that a direction that few of them hold,
    such as that of the trench by its end walls, is found by those.
    """
    for _ in range(_REFINEMENTS):
        seen, _overlap = _compared(open3d, source, target, matrix, distance_m)
        step = step_together(seen, distance_m)
        matrix = step @ matrix
        if np.abs(step - np.eye(4)).max() < _SETTLED:
            break
    return matrix


def _compared(
    open3d: Any,  # noqa: ANN401
    source: Any,  # noqa: ANN401
    target: Any,  # noqa: ANN401
    matrix: FloatArray,
    distance_m: float,
) -> tuple[Patches, float]:
    """Return what both scans show once the source is moved, and the share of it that agrees."""
    found = open3d.pipelines.registration.evaluate_registration(source, target, distance_m, matrix)
    moved = np.asarray(source.points) @ matrix[:3, :3].T + matrix[:3, 3]
    pairs = np.asarray(found.correspondence_set)
    return patches_of(moved, target, pairs), float(found.fitness)


def _open3d() -> Any:  # noqa: ANN401 - open3d ships no types
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise UsageError(
            f"aligning the scans of a site needs Open3D ({str(error)[:80]}): {INSTALL}, or set "
            '[registration] align = "none"'
        ) from error
    return open3d


def _thinned(
    open3d: Any,  # noqa: ANN401
    clouds: Sequence[PointCloud],
    origin: FloatArray,
    voxel_m: float,
) -> Any:  # noqa: ANN401
    """Return an Open3D cloud around `origin` with normals, one point a voxel."""
    xyz = np.concatenate([cloud.xyz + (cloud.origin - origin) for cloud in clouds])
    whole = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(xyz))
    thin = whole.voxel_down_sample(voxel_m)
    radius_m = max(_NORMALS_M, 2.5 * voxel_m)
    search = open3d.geometry.KDTreeSearchParamHybrid(radius=radius_m, max_nn=_NORMALS_POINTS)
    thin.estimate_normals(search)
    return thin


def _levels(reach_m: float) -> list[tuple[float, list[float]]]:
    """Return voxels and within which distances points are paired, from coarse to fine."""
    coarse = [reach_m]
    while coarse[-1] > 4 * _FINE_M:
        coarse.append(coarse[-1] / 2)
    return [(_COARSE_VOXEL_M, coarse), (_VOXEL_M, [2 * _FINE_M, _FINE_M])]


def _converged(
    open3d: Any,  # noqa: ANN401
    source: Any,  # noqa: ANN401
    target: Any,  # noqa: ANN401
    start: FloatArray,
    distances_m: Sequence[float],
) -> FloatArray:
    registration = open3d.pipelines.registration
    criteria = registration.ICPConvergenceCriteria(1e-7, 1e-7, _STEPS)
    matrix = start
    for distance_m in distances_m:
        kernel = registration.TukeyLoss(k=distance_m)
        method = registration.TransformationEstimationPointToPlane(kernel)
        result = registration.registration_icp(source, target, distance_m, matrix, method, criteria)
        matrix = np.array(result.transformation)
    return matrix


def _fit(matrix: FloatArray, origin: FloatArray, seen: Patches) -> Fit:
    """Return the motion with its covariance from one observation a patch."""
    design = seen.design()
    variance = _SYSTEMATIC_M**2 + float((seen.apart_m**2).sum()) / max(len(design) - 6, 1)
    covariance = np.zeros((7, 7))
    fixed = open_motion(seen, design) is None
    covariance[:6, :6] = _SHARED * variance * np.linalg.inv(design.T @ design) if fixed else np.inf
    covariance[[0, 1, 2], [0, 1, 2]] += _SYSTEMATIC_M**2  # what no number of patches averages out
    rotation = matrix[:3, :3]
    start = rotation.T @ (seen.middle - matrix[:3, 3])
    change = Similarity(rotation, 1.0, start + origin, seen.middle + origin)
    return Fit(change, seen.apart_m[:, np.newaxis] * seen.normals, covariance)


_ADVICE = (
    "flat ground and straight walls alone do not hold a scan; give control points (--gcp), or scan "
    "more of the same end walls, edges and corners"
)


def _require_held(seen: Patches, name: str) -> None:
    motion = open_motion(seen, seen.design())
    if motion is not None:
        raise GeoreferenceError(
            f"{name}: what it shares with the other scans of its site leaves {_told(motion)}: "
            f"{_ADVICE}"
        )


def _told(motion: FloatArray) -> str:
    """Return what a motion (6,) that nothing stands against leaves open, for people."""
    shift, turn = np.abs(motion[:3]), np.abs(motion[3:])
    if not motion.any():
        return "its place open (too few surfaces)"
    if np.linalg.norm(turn) > np.linalg.norm(shift):
        about = ("east", "north", "the vertical")[int(np.argmax(turn))]
        return f"open how it is turned about {about}"
    if shift[2] > np.hypot(*shift[:2]):
        return "its height open"
    azimuth_deg = float(np.degrees(np.arctan2(motion[0], motion[1]))) % 180.0
    return f"its place open along {azimuth_deg:.0f} degrees from north, where it slides"


def _require_fixed(fitted: Fit, moved: FloatArray, name: str, options: RegistrationOptions) -> None:
    box = np.array([moved.min(axis=0), moved.max(axis=0)])
    edge = box[[[0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 1]], [0, 1, 2]]
    largest_m = float(np.linalg.norm(fitted.std_m(edge), axis=1).max())
    if largest_m > options.max_residual_m:
        raise GeoreferenceError(
            f"{name}: what it shares with the other scans of its site leaves its place unsure by "
            f"{1000 * largest_m:.0f} mm (limit {1000 * options.max_residual_m:.0f} mm): {_ADVICE}"
        )
    if fitted.rms_m > options.max_alignment_rms_m:
        raise GeoreferenceError(
            f"{name}: lies {1000 * fitted.rms_m:.0f} mm (rms) from the surfaces of the other scans "
            f"of its site after alignment (limit {1000 * options.max_alignment_rms_m:.0f} mm): "
            "give control points (--gcp), or run it as a site of its own"
        )
