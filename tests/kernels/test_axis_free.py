"""What of a seed's support is left."""

import numpy as np
import pytest
from shapes import RADIUS_M, TOP_HALF, Patches, straight, tube_patches

from twin_pipeline.kernels import axis

CENTRE, ALONG_X = np.array([0.5, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])
HALF_M, RATIO = 0.2, 0.2


def _left(
    patches: Patches, *, hollows: bool = False, points: int = 1000
) -> tuple[float, float, float]:
    return axis.support_left(
        CENTRE,
        ALONG_X,
        RADIUS_M,
        HALF_M,
        RATIO,
        hollows,
        *patches.search,
        patches.normals,
        np.full(len(patches.points), points, np.int32),
        patches.used,
    )


def test_what_is_left_is_the_support_of_what_was_not_taken():
    patches = tube_patches(straight(1.0), arc=TOP_HALF)
    patches.used[patches.points[:, 1] > 0.0] = True
    free = ~patches.used
    _, *expected = axis.tube_support(
        patches.points[free],
        patches.normals[free],
        CENTRE,
        ALONG_X,
        RADIUS_M,
        HALF_M,
        RATIO * RADIUS_M,
    )
    assert _left(patches) == tuple(expected)
    assert expected[2] > 100


def test_patches_of_few_points_stand_for_the_voxels_that_chance_left_empty():
    patches = tube_patches(straight(1.0), arc=TOP_HALF)
    _, _, dense = _left(patches)
    # 7 points in the 10.6 voxels around leave 52 % of these empty
    _, _, thin = _left(patches, points=7)
    assert thin == pytest.approx(dense / (1.0 - np.exp(-7.0 / 10.6)), rel=1e-3)


def test_of_what_was_taken_nothing_is_left():
    patches = tube_patches(straight(1.0))
    patches.used[:] = True
    assert _left(patches) == (0.0, 0.0, 0)


@pytest.mark.parametrize(
    ("arc", "hollow"),
    [
        (TOP_HALF, False),
        ((-np.pi, 0.0), True),
        ((-0.5 * np.pi, 0.5 * np.pi), False),
        ((-np.pi, np.pi), False),
    ],
)
def test_a_lower_half_from_inside_may_be_no_seed(arc, hollow):
    patches = tube_patches(straight(1.0), arc=arc)
    assert (_left(patches) == (0.0, 0.0, 0)) == hollow
    assert _left(patches, hollows=True)[2] > 100
