"""What the tiles ask of a scan's georeference, and the flat frames that tiles stand in."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from twin_pipeline.errors import GeoreferenceError
from twin_pipeline.model import FloatArray


class Georeference(Protocol):
    """What the tiles ask of a scan's georeference."""

    @property
    def vertical_name(self) -> str:
        """Name of the vertical datum that elevations refer to."""

    def to_ecef(self, xyz: FloatArray, /) -> FloatArray:
        """(N, 3) easting, northing, elevation -> (N, 3) WGS 84 earth-centred metres."""

    def describe(self) -> Mapping[str, Any]:
        """CRS, vertical datum and geoid, and where each came from, as plain JSON values."""


def flat_frames(
    georeference: Georeference, centres: FloatArray, half_width_m: float
) -> tuple[FloatArray, FloatArray]:
    """Return the affine maps that stand in for the georeference around some points.

    Over a few tens of metres a map projection with its geoid differs from an affine map by less
    than a millimetre, so that the file's own integers can stand in a tile, exactly.

    Parameters
    ----------
    georeference
        The map to flatten.
    centres
        (M, 3) float64, metres, scan frame.
    half_width_m
        How far along each axis the map shall hold.

    Returns
    -------
    (M, 4, 4) float64: metres east, north, up of the centre -> earth-centred metres; and (M,) the
    largest deviation in metres at the corners of the cube.

    Raises
    ------
    GeoreferenceError
        Where a centre has no place on the earth.
    """
    steps = np.concatenate((np.zeros((1, 3)), np.eye(3), -np.eye(3), _CORNERS)) * half_width_m
    probes = (centres[:, None, :] + steps[None]).reshape(-1, 3)
    ecef = georeference.to_ecef(probes).reshape(len(centres), len(steps), 3)
    if not np.isfinite(ecef).all():
        raise GeoreferenceError(
            f"coordinates near {centres[0].round(1).tolist()} have no place on the earth: "
            "check --crs and --axis-order"
        )
    frames = np.tile(np.eye(4), (len(centres), 1, 1))
    frames[:, :3, :3] = np.swapaxes((ecef[:, 1:4] - ecef[:, 4:7]) / (2 * half_width_m), 1, 2)
    frames[:, :3, 3] = ecef[:, 0]
    flat = frames[:, None, :3, 3] + np.einsum("mij,sj->msi", frames[:, :3, :3], steps)
    deviation = np.linalg.norm(flat - ecef, axis=2).max(axis=1)
    return frames, deviation


def rigid_frame(georeference: Georeference, centre: FloatArray) -> FloatArray:
    """Return the (4, 4) map from metres east, north, up of a point to earth-centred ones.

    Unlike `flat_frames` it is neither skewed, as the geoid's slope makes them, nor stretched: a box
    along its axes stays rectangular, over whatever distance.
    """
    frames, _ = flat_frames(georeference, np.asarray(centre, dtype=np.float64)[None], 10.0)
    frame = np.asarray(frames[0], dtype=np.float64)
    frame[:3, :3] = right_angled(frame[:3, [2, 0, 1]].T).T[:, [1, 2, 0]]
    return frame


def right_angled(axes: FloatArray) -> FloatArray:
    """Return unit vectors (3, 3), a row each, at right angles: the first kept, the next turned."""
    first = axes[0] / np.linalg.norm(axes[0])
    second = axes[1] - first * (axes[1] @ first)
    second = second / np.linalg.norm(second)
    return np.stack((first, second, np.cross(first, second)))


def inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverse of a (4, 4) affine matrix."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def apply(matrix: FloatArray, xyz: FloatArray) -> FloatArray:
    """Return the (N, 3) points mapped by a (4, 4) affine matrix."""
    return np.asarray(xyz @ matrix[:3, :3].T + matrix[:3, 3], dtype=np.float64)


_CORNERS = np.array([(x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
