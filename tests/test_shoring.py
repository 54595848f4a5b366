"""Struts and pipes in a trench 10 m long along +x, of whose pavement nothing was scanned."""

from dataclasses import replace

import numpy as np
import pytest
from stages.made import make_tube, plane_points, pyramid_of, straight, trench_ground

from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.shoring import without_shoring
from twin_pipeline.stages.classify import ClassifyOptions, classify

OPTIONS = ClassifyOptions()
MAIN = make_tube(straight(10.0, (0.0, 0.1, -1.1)))
GRADE = 0.06


def walls(*sides: float) -> Pyramid:
    rng = np.random.default_rng(3)
    floor = plane_points((0.0, -0.5), (10.0, 0.5), -1.3, rng, slope=(GRADE, 0.0))
    rising = []
    for side in sides:
        x, up = rng.uniform(0.0, 10.0, 12_000), rng.uniform(-1.3, -0.2, 12_000)
        y = side * (0.5 + 0.3 * (up + 0.6)) + rng.normal(0.0, 0.008, 12_000)
        rising.append(np.column_stack([x, y, up + GRADE * x]))
    return pyramid_of(np.vstack([floor, *rising]))


BOTH = walls(-1.0, 1.0)


def across(
    x_m: float, z_m: float = -0.6, radius_m: float = 0.03, heading_deg: float = 90.0
) -> Tube:
    """A tube from wall to wall, as deep below a street that falls as others of its `z_m`."""
    half = 0.45 / np.sin(np.radians(heading_deg))
    start = (x_m - half * np.cos(np.radians(heading_deg)), -0.45, z_m + GRADE * x_m)
    return make_tube(straight(2 * half, start, heading_deg), radius_m)


def kept(*tubes: Tube, pyramid: Pyramid = BOTH) -> list[Tube]:
    found, _ = classify(tubes, None, OPTIONS)
    left, struts = without_shoring(found, None, pyramid, OPTIONS)
    assert {item.reason for item in struts} <= {"shoring strut"}
    assert len(left) + len(struts) == len(tubes)
    return [item.tube for item in left]


ROW = [across(x_m, radius_m=0.03 + 0.0004 * k) for k, x_m in enumerate((1.0, 3.0, 5.0, 9.0))]


@pytest.mark.parametrize("pyramid", [BOTH, walls(1.0)], ids=["both walls", "one wall"])
@pytest.mark.parametrize("mains", [[MAIN], []], ids=["over a main", "in an empty trench"])
def test_a_row_from_wall_to_wall_is_shoring(pyramid, mains):
    assert kept(*mains, *ROW, pyramid=pyramid) == mains


def test_a_strut_as_thick_as_noise_makes_it_is_none_of_the_lines_that_a_row_must_pass_over():
    row = [across(x_m, radius_m=0.073) for x_m in (1.0, 3.0, 5.0)]
    thick = across(7.0, radius_m=0.08)
    noisy = [replace(tube, radius_std_m=0.003) for tube in (*row, thick)]
    assert kept(MAIN, *noisy) == [MAIN]
    assert kept(MAIN, *row, thick) == [MAIN, *row, thick]


def test_of_two_rows_one_above_the_other_both_are_shoring():
    at_m = (0.5, 1.7, 2.9, 4.1, 5.3, 6.5, 7.7, 8.9)
    tiers = [across(x_m, z_m) for x_m in at_m for z_m in (-0.3, -0.9)]
    assert kept(*tiers) == []
    assert kept(MAIN, *tiers) == [MAIN]


def test_a_row_above_the_walls_that_were_scanned_is_of_the_make_of_the_one_below():
    lower = [across(x_m, -0.9) for x_m in (1.0, 3.0, 5.0)]
    upper = [across(x_m, 0.5) for x_m in (2.0, 4.0, 6.0)]
    assert set(kept(MAIN, *upper)) == {MAIN, *upper}
    assert kept(MAIN, *lower, *upper) == [MAIN]
    others = [across(x_m, 0.5, 0.04) for x_m in (2.0, 4.0, 6.0)]
    assert set(kept(MAIN, *lower, *others)) == {MAIN, *others}


def test_all_of_a_row_are_shoring_though_the_outer_ones_are_not_alike_enough_for_each_other():
    row = [across(x_m, radius_m=r) for x_m, r in ((1.0, 0.0275), (4.0, 0.03), (7.0, 0.0325))]
    assert kept(MAIN, *row) == [MAIN]


def test_a_utility_that_crosses_close_below_a_strut_hides_no_row():
    crossing = across(3.0, -0.8, 0.08)
    assert kept(MAIN, crossing, *ROW[:3]) == [MAIN, crossing]


def test_utilities_that_cross_between_struts_stay():
    crossings = [across(2.0, -0.7, 0.057), across(7.0, -0.6, 0.045, 75.0)]
    assert set(kept(MAIN, *ROW, *crossings)) == {MAIN, *crossings}


@pytest.mark.parametrize(
    "tubes",
    [
        pytest.param(ROW[:2], id="two"),
        pytest.param([across(x, radius_m=0.016) for x in (1.0, 4.0, 7.0)], id="thin services"),
        pytest.param([across(x, radius_m=0.09) for x in (1.0, 4.0, 7.0)], id="thick pipes"),
        pytest.param([across(x) for x in (4.0, 4.3, 4.6)], id="a bank of ducts"),
        pytest.param([across(x, z) for x, z in ((1, -0.6), (4, -0.3), (7, -0.8))], id="heights"),
        pytest.param([across(x, -1.3) for x in (1.0, 4.0, 7.0)], id="below the main"),
        pytest.param(
            [across(x, heading_deg=a) for x, a in ((1, 60.0), (4, 90.0), (7, 120.0))], id="skew"
        ),
        pytest.param(
            [across(x, radius_m=r) for x, r in ((1, 0.03), (4, 0.035), (7, 0.04))], id="sizes"
        ),
        pytest.param(
            [make_tube(straight(0.5, (x, 0.15, -1.1), 90.0), 0.03) for x in (1.0, 4.0, 7.0)],
            id="branches",
        ),
    ],
)
def test_what_is_no_row_of_struts_stays(tubes):
    assert set(kept(MAIN, *tubes)) == {MAIN, *tubes}


def test_a_row_without_walls_stays():
    rng = np.random.default_rng(4)
    floor = pyramid_of(plane_points((0.0, -2.0), (10.0, 2.0), -1.3, rng))
    assert set(kept(MAIN, *ROW, pyramid=floor)) == {MAIN, *ROW}


def test_where_the_ground_is_known_roles_are_settled():
    found, _ = classify([MAIN, *ROW], None, OPTIONS)
    assert without_shoring(found, trench_ground(), BOTH, OPTIONS) == (found, [])


def test_struts_of_a_trench_that_bends_are_a_row():
    """Walls all around stand in for those of a trench that turns by 30 degrees at 5 m."""
    turn = np.radians(30.0)
    on = np.array([np.cos(turn), np.sin(turn), GRADE])
    legs = straight(5.0, (0.0, 0.0, -1.1)), straight(5.0, (5.0, 0.0, -1.1), 30.0)
    main = make_tube(np.vstack([legs[0], legs[1][1:]]))
    third = np.array([5.0, 0.0, -0.6 + 5.0 * GRADE]) + 3.0 * on
    aside = 0.45 * np.array([-np.sin(turn), np.cos(turn), 0.0])
    props = [across(1.0), across(3.0), make_tube(straight(0.9, third - aside, 120.0), 0.03)]
    rng = np.random.default_rng(4)
    rising = []
    for prop in props:
        for end, out in ((0, -1.0), (-1, 1.0)):
            outward = out * (prop.nodes[-1] - prop.nodes[0]) / 0.9
            along = np.array([-outward[1], outward[0], 0.0])
            u, v = rng.uniform(-0.4, 0.4, (2, 1500))
            wall = prop.nodes[end] + 0.05 * outward + u[:, None] * along
            rising.append(wall + v[:, None] * [0.0, 0.0, 1.0] + rng.normal(0.0, 0.004, (1500, 3)))
    pyramid = pyramid_of(np.vstack(rising))
    assert kept(main, *props, pyramid=pyramid) == [main]
    assert set(kept(main, *props[:2], pyramid=pyramid)) == {main, *props[:2]}


def askew(
    radii_m: tuple[float, ...] = (0.028, 0.0283, 0.0282), z_m: float = -0.6, fall: float = 0.0
) -> list[Tube]:
    """Three tubes, as a trench that turns has struts, which fall by so much a metre."""
    set_at = zip(((1.0, 77.0), (4.0, 91.0), (7.0, 104.0)), radii_m, strict=True)
    tubes = [across(x_m, z_m, radius_m, heading_deg) for (x_m, heading_deg), radius_m in set_at]
    down = [np.linspace(0.0, -fall * tube.length_m, len(tube.nodes)) for tube in tubes]
    return [
        replace(tube, nodes=tube.nodes + by[:, None] * [0.0, 0.0, 1.0])
        for tube, by in zip(tubes, down, strict=True)
    ]


def test_level_tubes_alike_are_shoring_however_askew_where_nothing_else_was_found():
    assert kept(*askew()) == []


@pytest.mark.parametrize(
    "tubes",
    [
        pytest.param([MAIN, *askew()], id="over a main"),
        pytest.param(askew()[:2], id="two"),
        pytest.param(askew(fall=0.03), id="falling"),
        pytest.param(askew((0.028, 0.033, 0.028)), id="sizes"),
    ],
)
def test_askew_tubes_otherwise_stay(tubes):
    assert set(kept(*tubes)) == set(tubes)
