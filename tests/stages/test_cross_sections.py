"""Slices hold the points of a thin slab, on the right side, and no more than may be kept."""

from dataclasses import replace

import numpy as np
import pytest
from factories import EASTING_M, GROUND_Z_M, NORTHING_M, make_pipe

from twin_pipeline.model import PointCloud
from twin_pipeline.stages.cross_sections import CrossSectionsOptions, cut_cross_sections

ORIGIN = np.array([EASTING_M, NORTHING_M, GROUND_Z_M])
EAST = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3))


def cloud(*local):
    return PointCloud(np.concatenate([np.atleast_2d(np.asarray(p, float)) for p in local]), ORIGIN)


def barrel(count=40_000, seed=0):
    """The upper half of the pipe, local frame."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0.0, np.pi, count)
    return np.column_stack(
        (rng.uniform(0, 10, count), 0.11 * np.cos(angle), -1.3 + 0.11 * np.sin(angle))
    )


def test_points_of_the_slab_and_only_those():
    inside, ahead = [5.01, 0.3, -1.0], [5.06, 0.3, -1.0]
    options = CrossSectionsOptions(most=1, thickness_m=0.05)
    (section,) = cut_cross_sections(cloud(inside, ahead), EAST, options)
    assert section.chainage_m == 5.0
    # north of an eastward pipe is to the left
    assert section.points.tolist() == [[-0.3, pytest.approx(GROUND_Z_M - 1.0)]]


def test_what_is_too_far_off_is_left_out():
    near, wide, deep, high = [5, 1.1, 0], [5, 1.3, 0], [5, 0, -1.9], [5, 0, 0.5]
    options = CrossSectionsOptions(most=1, half_width_m=1.2)
    (section,) = cut_cross_sections(cloud(near, wide, deep, high), EAST, options)
    assert section.points[:, 0].tolist() == [-1.1]


def test_no_more_points_than_may_be_kept_and_half_of_them_near_the_pipe():
    rng = np.random.default_rng(1)
    ground = np.column_stack((rng.uniform(0, 10, (50_000, 1)), rng.uniform(-1, 1, (50_000, 1)),
                              rng.normal(0, 0.003, (50_000, 1))))  # fmt: skip
    options = CrossSectionsOptions(most=3, most_points=200)
    sections = cut_cross_sections(cloud(barrel(), ground), EAST, options)
    assert len(sections) == 3
    for section in sections:
        assert 100 < len(section.points) <= 200
        axis = [0.0, GROUND_Z_M - 1.3]
        away = np.linalg.norm(section.points - axis, axis=1)
        assert 50 < np.count_nonzero(np.abs(away - 0.11) < 0.002) <= 100


def test_equal_clouds_give_equal_slices_in_any_order():
    points = barrel()
    shuffled = np.random.default_rng(2).permutation(points)
    options = CrossSectionsOptions(most=2, most_points=5000)
    first, again = (cut_cross_sections(cloud(p), EAST, options) for p in (points, shuffled))
    for one, other in zip(first, again, strict=True):
        assert sorted(map(tuple, one.points)) == sorted(map(tuple, other.points))


def test_seen_stations_are_preferred_and_a_hidden_one_stays_where_there_is_no_other():
    options = CrossSectionsOptions(most=5)
    pipe = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3), hidden=(4.9, 5.1))
    at = [s.chainage_m for s in cut_cross_sections(cloud(barrel()), pipe, options)]
    assert at == [1.0, 3.0, 4.0, 7.0, 9.0]
    pipe = make_pipe("P1", (0.0, 0.0, -1.3), (10.0, 0.0, -1.3), hidden=(3.5, 6.5))
    at = [s.chainage_m for s in cut_cross_sections(cloud(barrel()), pipe, options)]
    assert 5.0 in at


def test_a_riser_and_none_wanted_have_no_section():
    riser = make_pipe("R", (0.0, 0.0, -1.5), (0.0, 0.05, -0.5))
    assert cut_cross_sections(cloud(barrel()), riser, CrossSectionsOptions()) == ()
    assert cut_cross_sections(cloud(barrel()), EAST, CrossSectionsOptions(most=0)) == ()


def test_a_slice_without_points_stays():
    far = cloud([100.0, 100.0, 0.0])
    sections = cut_cross_sections(far, EAST, CrossSectionsOptions(most=2))
    assert [len(section.points) for section in sections] == [0, 0]
    assert replace(EAST, sections=sections).sections == sections
