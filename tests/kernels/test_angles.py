import numpy as np

from twin_pipeline.kernels.adjust.angles import turn_to_angles


def _angles(across, up):
    found = np.array(up, float)
    turn_to_angles(np.array(across, float), found)
    return found


def test_angles_are_those_of_the_library_all_around():
    rng = np.random.default_rng(7)
    across, up = rng.normal(size=(2, 4099)) * 10.0 ** rng.uniform(-9.0, 3.0, (2, 4099))
    np.testing.assert_allclose(_angles(across, up), np.arctan2(up, across), rtol=0.0, atol=4e-14)


def test_angles_along_the_axes_and_between_them():
    across = [1.0, 1.0, 0.0, -1.0, -1.0, -1.0, 0.0, 1.0]
    up = [0.0, 1.0, 1.0, 1.0, 0.0, -1.0, -1.0, -1.0]
    expected = np.pi * np.array([0.0, 0.25, 0.5, 0.75, 1.0, -0.75, -0.5, -0.25])
    np.testing.assert_allclose(_angles(across, up), expected, rtol=0.0, atol=4e-14)


def test_no_direction_has_angle_zero():
    assert _angles([0.0], [0.0]) == 0.0
