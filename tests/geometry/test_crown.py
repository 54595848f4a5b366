"""The crown of level and sloping legs, of risers, and where legs meet."""

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
    assert np.linalg.norm(np.cross(top, course), axis=1) == pytest.approx(RADIUS_M, rel=1e-4)


def test_crown_of_a_riser_is_one_diameter_above_the_axis():
    assert crown_rise(leg(90.0), RADIUS_M, np.array([1.0])) == pytest.approx(2.0 * RADIUS_M)


@pytest.mark.parametrize("slope_deg", [45.0, -45.0])
@pytest.mark.parametrize("beside_m", [-0.12, -0.03, 0.03, 0.12])
def test_crown_near_a_bend_is_that_of_the_higher_leg(slope_deg, beside_m):
    slope = np.radians(slope_deg)
    level = np.array([1.0, 0.0, 0.0])
    sloping = np.array([np.cos(slope), 0.0, np.sin(slope)])
    ends = np.array([-2.0 * level, np.zeros(3), 2.0 * sloping])
    place = beside_m * (level if beside_m < 0.0 else sloping)
    rise = crown_rise(ends, RADIUS_M, np.array([2.0 + beside_m]))[0]
    # brute force: the highest place above that lies on the barrel of either leg
    heights = np.linspace(0.0, 3.0 * RADIUS_M, 30001)
    above = place + heights[:, None] * [0.0, 0.0, 1.0]
    inside = np.zeros(len(heights), bool)
    for course in (-level, sloping):
        ahead = np.maximum(above @ course, 0.0)
        inside |= np.linalg.norm(above - ahead[:, None] * course, axis=1) <= RADIUS_M
    assert rise == pytest.approx(heights[inside].max(), abs=3e-4)
