"""The crown of level and sloping legs, and of risers."""

import numpy as np
import pytest

from twin_pipeline.geometry.crown import crown_rise

RADIUS_M = 0.16


def leg(slope_deg: float) -> np.ndarray:
    slope = np.radians(slope_deg)
    return np.linspace(0.0, 2.0, 21)[:, None] * [np.cos(slope), 0.0, np.sin(slope)]


@pytest.mark.parametrize("slope_deg", [0.0, 6.0, -22.5, 45.0])
def test_crown_is_where_a_vertical_line_through_the_axis_leaves_the_barrel(slope_deg):
    course = np.array([np.cos(np.radians(slope_deg)), 0.0, np.sin(np.radians(slope_deg))])
    rise = crown_rise(leg(slope_deg), RADIUS_M, np.array([0.0, 0.7, 2.0]))
    top = rise[:, None] * [0.0, 0.0, 1.0]
    assert np.linalg.norm(np.cross(top, course), axis=1) == pytest.approx(RADIUS_M)


def test_crown_of_a_riser_is_one_diameter_above_the_axis():
    assert crown_rise(leg(90.0), RADIUS_M, np.array([1.0])) == pytest.approx(2.0 * RADIUS_M)
