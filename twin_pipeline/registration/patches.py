"""What two scans both show, patch by patch, and the motion that brings the patches together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from twin_pipeline.model import FloatArray, IntArray

# Points beside each other share their scanner's errors: one observation a patch.
_PATCH_M = 0.25
_LEAST_PATCHES, _LEAST_SHARE = 20, 0.03
# A patch with fewer points, or with normals in all directions, says nothing of a direction.
_PATCH_POINTS, _ALIKE = 5, 0.85
# A surface holds a motion that is steeper against it than this sine; less is roughness.
_HOLDING = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """What both scans show, a patch of 0.25 m each; all (P, ...)."""

    at: FloatArray
    """(P, 3) metres from `middle`."""
    normals: FloatArray
    """(P, 3) unit."""
    apart_m: FloatArray
    """(P,) mean distance along the normal."""
    middle: FloatArray
    """(3,) around the origin."""

    def design(self) -> FloatArray:
        """Return how the distances change with a motion and a turn about the middle, (P, 6)."""
        return np.hstack((self.normals, np.cross(self.at, self.normals)))


def patches_of(moved: FloatArray, target: Any, pairs: IntArray) -> Patches:  # noqa: ANN401
    """Return the patches of points (N, 3) that have a partner in an Open3D cloud.

    `pairs` are (M, 2): a point and its partner.
    """
    at, there = moved[pairs[:, 0]], np.asarray(target.points)[pairs[:, 1]]
    patch = np.floor(at / _PATCH_M).astype(np.int64)
    _, first, group = np.unique(patch, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    normals = np.asarray(target.normals)[pairs[:, 1]]
    # Estimated normals point to either side.
    sides = np.sign(np.einsum("ij,ij->i", normals, normals[first][group]))
    normals = normals * np.where(sides == 0.0, 1.0, sides)[:, np.newaxis]
    mean_normals = _means(normals, group)
    lengths = np.linalg.norm(mean_normals, axis=1)
    clear = (lengths > _ALIKE) & (np.bincount(group) >= _PATCH_POINTS)
    mean_normals = mean_normals[clear] / lengths[clear, np.newaxis]
    middle = at.mean(axis=0)
    return Patches(
        at=_means(at, group)[clear] - middle,
        normals=mean_normals,
        apart_m=np.einsum("ij,ij->i", _means(at - there, group)[clear], mean_normals),
        middle=middle,
    )


def _means(values: FloatArray, group: IntArray) -> FloatArray:
    counts = np.bincount(group)
    return np.column_stack([np.bincount(group, column) / counts for column in values.T])


def open_motion(seen: Patches, design: FloatArray) -> FloatArray | None:
    """Return the motion that too few patches stand against, None where all are held.

    (6,) a shift and a turn about the middle, scaled to metres at the patches; zeros where there
    are too few patches to tell.
    """
    if len(design) < _LEAST_PATCHES:
        return np.zeros(6)
    size_m = float(np.sqrt((seen.at**2).sum(axis=1).mean())) or 1.0
    scaled = design / np.array([1.0, 1.0, 1.0, size_m, size_m, size_m])
    for motion in np.linalg.eigh(scaled.T @ scaled).eigenvectors.T:
        along = motion[:3] + np.cross(motion[3:] / size_m, seen.at)
        length = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
        holding = int((np.abs(scaled @ motion) > _HOLDING * length).sum())
        if holding < max(_LEAST_PATCHES, _LEAST_SHARE * len(design)):
            return np.asarray(motion, dtype=np.float64)
    return None


def step_together(seen: Patches, distance_m: float) -> FloatArray:
    """Return the small motion, (4, 4), that brings patches together that aren't far apart.

    It is none where the patches leave the place open.
    """
    motion = np.eye(4)
    design = seen.design()
    if open_motion(seen, design) is not None:
        return motion
    weights = np.clip(1.0 - (seen.apart_m / distance_m) ** 2, 0.0, 1.0)  # Tukey's, rooted
    solved = np.linalg.lstsq(design * weights[:, None], -seen.apart_m * weights, rcond=None)[0]
    motion[:3, :3] = scipy.spatial.transform.Rotation.from_rotvec(solved[3:]).as_matrix()
    motion[:3, 3] = solved[:3] + seen.middle - motion[:3, :3] @ seen.middle
    return motion
