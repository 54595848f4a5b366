"""Roles of hand-made tubes in a trench 10 m long along +x, under a pavement at zero."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from stages.made import bent, make_tube, straight, trench_ground
from twin_pipeline.geometry.surface import Ground
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray, Role
from twin_pipeline.stages.classify import ClassifyOptions, classify

GROUND = trench_ground()
MAIN = make_tube(straight(10.0, (0.0, 0.1, -1.1)))


def across(x_m: float, z_m: float, radius_m: float = 0.03, heading_deg: float = 90.0) -> Tube:
    """A tube from wall to wall."""
    half = 0.5 / np.sin(np.radians(heading_deg))
    start = (x_m - half * np.cos(np.radians(heading_deg)), -0.5, z_m)
    return make_tube(straight(2 * half, start, heading_deg), radius_m)


def lifted(nodes: FloatArray, start_z_m: float, end_z_m: float) -> FloatArray:
    return np.column_stack([nodes[:, :2], np.linspace(start_z_m, end_z_m, len(nodes))])


def roles(*tubes: Tube) -> list[tuple[Tube, Role]]:
    found, _ = classify(tubes, GROUND, ClassifyOptions())
    return [(item.tube, item.role) for item in found]


def left_out(*tubes: Tube) -> list[tuple[Tube, str]]:
    _, out = classify(tubes, GROUND, ClassifyOptions())
    return [(item.tube, item.reason) for item in out]


def test_a_pipe_along_the_trench_is_the_main():
    assert roles(MAIN) == [(MAIN, Role.MAIN)]
    assert left_out(MAIN) == []


def test_a_second_pipe_beside_the_main_is_a_main_too():
    second = make_tube(straight(9.0, (0.5, -0.25, -1.1)), 0.03)
    assert roles(second, MAIN) == [(MAIN, Role.MAIN), (second, Role.MAIN)]


@pytest.mark.parametrize(("diameter_m", "count"), [(0.036, 1), (0.042, 1), (0.048, 2)])
def test_a_cable_along_the_trench_is_no_main(diameter_m, count):
    second = make_tube(straight(3.0, (0.5, -0.25, -1.1)), 0.5 * diameter_m)
    assert len(roles(second, MAIN)) == count
    assert [("cable" in reason) for _, reason in left_out(second, MAIN)] == [True] * (2 - count)


def test_a_thin_service_pipe_may_cross():
    service = across(4.0, -0.8, 0.018, 70.0)
    assert (service, Role.CROSSING) in roles(MAIN, service)


def test_a_main_may_bend():
    nodes = bent(4.0, 45.0, 0.6, 1.0) + np.array([0.0, 0.0, -1.1])
    main = make_tube(nodes)
    assert roles(main) == [(main, Role.MAIN)]


def test_a_ridge_over_a_hidden_stretch_of_the_main_is_the_soil_that_hides_it():
    along = MAIN.nodes[:, 0]
    hidden = replace(MAIN, observed=(along < 4.0) | (along > 5.6))
    ridge = make_tube(straight(1.4, (4.1, 0.12, -0.95), 3.0), 0.034)
    assert left_out(hidden, ridge) == [(ridge, "soil that hides the main below it")]
    assert roles(hidden, ridge) == [(hidden, Role.MAIN)]


@pytest.mark.parametrize(
    ("start", "heading_deg"),
    [
        pytest.param((7.0, 0.12, -0.95), 3.0, id="where the main is seen"),
        pytest.param((4.1, 0.35, -0.95), 3.0, id="beside the main"),
        pytest.param((4.1, 0.12, -1.2), 3.0, id="below the main"),
        pytest.param((4.6, -0.3, -0.95), 60.0, id="across the main"),
    ],
)
def test_other_tubes_near_a_hidden_stretch_are_pipes(start, heading_deg):
    along = MAIN.nodes[:, 0]
    hidden = replace(MAIN, observed=(along < 4.0) | (along > 5.6))
    other = make_tube(straight(1.4, start, heading_deg), 0.034)
    assert other in [tube for tube, _ in roles(hidden, other)]


def test_a_pipe_in_a_trench_that_winds_is_the_main_and_its_struts_are_struts():
    path = shapely.LineString([(0, 0), (2, 0), (2, 1.6), (0, 1.6), (0, 3.2), (2, 3.2)])
    trench = path.buffer(0.5, cap_style="flat", join_style="mitre")
    x, y = (a.ravel() for a in np.meshgrid(np.arange(-2, 4, 0.1), np.arange(-2, 6, 0.1)))
    beside = ~shapely.contains_xy(trench, x, y)
    pavement = np.column_stack([x, y, np.zeros(len(x))])[beside]
    ground = Ground(pavement, 0.002, (np.array(trench.exterior.coords),))
    line = shapely.get_coordinates(path.interpolate(np.linspace(0.0, path.length, 180)))
    main = make_tube(np.column_stack([line, np.full(180, -1.1)]))
    props = [
        make_tube(straight(1.0, (1.0, y_m - 0.5, -0.25), 90.0), 0.037) for y_m in (0.0, 1.6, 3.2)
    ]
    found, out = classify([main, *props], ground, ClassifyOptions())
    assert [(item.tube, item.role) for item in found] == [(main, Role.MAIN)]
    assert {item.reason for item in out} == {"shoring strut"}


def test_a_deep_pipe_across_the_main_is_a_crossing():
    cross = across(5.0, -0.8, 0.057)
    assert roles(MAIN, cross) == [(MAIN, Role.MAIN), (cross, Role.CROSSING)]


def test_pipes_below_the_main_are_crossings_however_alike():
    first, second = across(3.0, -1.35), across(7.0, -1.35)
    assert [role for _, role in roles(MAIN, first, second)[1:]] == [Role.CROSSING] * 2


def test_a_pipe_that_starts_at_the_main_is_a_branch():
    leaving = make_tube(straight(0.9, (5.0, 0.25, -1.08), 90.0), 0.03)
    assert roles(MAIN, leaving) == [(MAIN, Role.MAIN), (leaving, Role.BRANCH)]


def test_however_little_is_seen_of_it_what_leaves_the_main_is_a_branch():
    stub = make_tube(straight(0.25, (5.0, 0.24, -1.1), 90.0), 0.033, radius_std_m=0.001)
    assert roles(MAIN, stub) == [(MAIN, Role.MAIN), (stub, Role.BRANCH)]
    beside = make_tube(straight(0.25, (5.0, 0.24, -1.1), 0.0), 0.033)
    assert roles(MAIN, beside) == [(MAIN, Role.MAIN), (beside, Role.UNKNOWN)]


def test_what_passes_a_main_close_to_its_end_is_a_crossing():
    passing = make_tube(straight(0.9, (5.0, -0.05, -0.93), 90.0), 0.05)
    assert roles(MAIN, passing) == [(MAIN, Role.MAIN), (passing, Role.CROSSING)]


def test_a_short_piece_that_touches_nothing_is_unknown():
    stray = make_tube(straight(0.5, (5.0, 0.35, -0.5), 60.0), 0.03)
    assert roles(MAIN, stray)[1] == (stray, Role.UNKNOWN)


def test_shallow_level_square_tubes_are_struts():
    first, second = across(3.0, -0.35), across(7.0, -0.37)
    found, out = classify([MAIN, first, second], GROUND, ClassifyOptions())
    assert [item.tube for item in found] == [MAIN]
    assert {id(item.tube) for item in out} == {id(first), id(second)}
    assert all("strut" in item.reason for item in out)


@pytest.mark.parametrize(
    ("z_m", "radius_m", "heading_deg", "roles_found"),
    [
        pytest.param(-0.6, 0.023, 90.0, [Role.MAIN], id="thin, shallow, exactly square"),
        pytest.param(-0.6, 0.023, 87.0, [Role.MAIN, Role.CROSSING], id="not exactly square"),
        pytest.param(-0.65, 0.023, 90.0, [Role.MAIN, Role.CROSSING], id="deeper"),
        pytest.param(-0.6, 0.057, 90.0, [Role.MAIN, Role.CROSSING], id="thicker"),
    ],
)
def test_what_crosses_where_a_utility_may_lie_is_a_strut_only_if_set_exactly(
    z_m, radius_m, heading_deg, roles_found
):
    tube = across(5.0, z_m, radius_m, heading_deg)
    assert [role for _, role in roles(MAIN, tube)] == roles_found


@pytest.mark.parametrize(
    ("z_m", "inflation", "found"),
    [(-0.58, 9.0, 1), (-0.58, 1.0, 2), (-0.8, 9.0, 2)],
)
def test_a_telescopic_strut_is_told_by_its_two_sizes_where_hardly_a_utility_lies(
    z_m, inflation, found
):
    tube = replace(across(5.0, z_m, 0.034, 87.0), inflation=inflation)
    assert len(roles(MAIN, tube)) == found


def test_two_alike_at_one_height_are_struts_even_if_deep():
    first, second = across(3.0, -0.8), across(7.0, -0.8)
    assert roles(MAIN, first, second) == [(MAIN, Role.MAIN)]


@pytest.mark.parametrize("apart_m", [0.09, 0.45])
def test_ducts_close_beside_each_other_are_no_struts(apart_m):
    ducts = [across(4.0 + k * apart_m, -0.45 - 0.07 * (k % 2)) for k in range(3)]
    assert sorted(role for _, role in roles(MAIN, *ducts)) == ["crossing"] * 3 + ["main"]


def test_a_utility_close_to_a_strut_of_a_row_makes_no_bank_with_it():
    row = [across(x, -0.57, 0.044) for x in (1.0, 3.5, 6.0, 8.4)]
    utility = across(6.1, -0.75, 0.033)
    assert roles(MAIN, utility, *row) == [(MAIN, Role.MAIN), (utility, Role.CROSSING)]


def test_two_different_pipes_at_one_height_are_no_struts():
    first, second = across(3.0, -0.8, 0.03), across(7.0, -0.8, 0.057)
    assert {role for _, role in roles(MAIN, first, second)} == {Role.MAIN, Role.CROSSING}


def test_a_skew_tube_is_no_strut():
    skew = across(5.0, -0.35, heading_deg=60.0)
    assert roles(MAIN, skew)[1] == (skew, Role.CROSSING)


def test_a_level_tube_within_the_road_is_a_strut_however_askew():
    skew = across(5.0, -0.28, heading_deg=60.0)
    assert roles(MAIN, skew) == [(MAIN, Role.MAIN)]
    falling = make_tube(lifted(skew.nodes, -0.23, -0.33), 0.03)
    assert roles(MAIN, falling)[1] == (falling, Role.CROSSING)


def test_a_sloping_tube_is_no_strut():
    sloping = make_tube(lifted(across(5.0, 0.0).nodes, -0.3, -0.5), 0.03)
    assert roles(MAIN, sloping)[1] == (sloping, Role.CROSSING)


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        (lifted(straight(0.05, (5.0, 0.0, 0.0)), -1.2, -0.2), "upright"),
        (straight(3.0, (2.0, 0.0, 0.3)), "above"),
        (straight(3.0, (2.0, 1.8, -0.5)), "outside"),
    ],
)
def test_what_is_not_buried_in_the_trench_is_left_out(nodes, reason):
    tube = make_tube(nodes, 0.03)
    assert roles(MAIN, tube) == [(MAIN, Role.MAIN)]
    ((out, why),) = left_out(MAIN, tube)
    assert out is tube
    assert reason in why


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        pytest.param(straight(9.0, (0.5, 0.46, -0.06)), "less than any pipe", id="a low rail"),
        pytest.param(
            lifted(straight(1.2, (3.0, -0.3, -1.2), 20.0), -1.2, -0.05), "leans", id="a tube leant"
        ),
    ],
)
def test_what_comes_up_to_the_pavement_is_no_pipe(nodes, reason):
    tube = make_tube(nodes, 0.025)
    assert roles(MAIN, tube) == [(MAIN, Role.MAIN)]
    assert [reason in why for _, why in left_out(MAIN, tube)] == [True]


def winding(period_m: float, reach_m: float, length_m: float) -> Tube:
    """A tube that winds along the trench, to either side by `reach_m`."""
    x = np.linspace(0.5, 0.5 + length_m, round(length_m / 0.05))
    y = reach_m * np.sin(2.0 * np.pi * x / period_m)
    return make_tube(np.column_stack([x, y, np.full(len(x), -1.1)]), 0.037)


@pytest.mark.parametrize("ground", [GROUND, None])
def test_what_winds_as_a_hose_is_no_pipe(ground):
    hose, coiled, lead_around = winding(1.6, 0.2, 5.0), winding(9.0, 0.2, 9.0), winding(2.0, 0.2, 2)
    for tube, kept in ((hose, False), (coiled, True), (lead_around, True)):
        found, out = classify([tube], ground, ClassifyOptions())
        assert [item.tube for item in found] == [tube] * kept
        assert ["winds" in item.reason for item in out] == [True] * (not kept)


def follows_the_floor(aside_m: float, up_m: float, std_m: float = 0.001) -> Tube:
    """A tube that winds slightly to the sides, and up and down as an uneven floor does."""
    x = np.linspace(0.5, 6.5, 200)
    y = aside_m * (np.sin(2.9 * x) + 0.2 * np.sin(5.3 * x))
    nodes = np.column_stack([x, y, up_m * np.sin(2.6 * x) - 1.1])
    tube = make_tube(nodes, 0.027)
    return replace(tube, std_h_m=np.full(200, std_m), std_v_m=np.full(200, std_m))


def partly_hidden(tube: Tube, hidden_m: float) -> Tube:
    """A tube that goes on straight where it is hidden."""
    begin, step = tube.nodes[0], 0.03
    before = begin - step * np.arange(round(hidden_m / step), 0, -1)[:, None] * [1.0, 0.0, 0.0]
    nodes = np.vstack([before, tube.nodes])
    longer, std = make_tube(nodes, tube.radius_m), np.full(len(nodes), tube.std_h_m[0])
    seen = np.arange(len(nodes)) >= len(before)
    return replace(longer, std_h_m=std, std_v_m=std, observed=seen)


@pytest.mark.parametrize("ground", [GROUND, None])
@pytest.mark.parametrize(
    ("tube", "kept"),
    [
        pytest.param(follows_the_floor(0.02, 0.03), False, id="hose"),
        pytest.param(follows_the_floor(0.02, 0.03, 0.0022), False, id="known to 2 mm"),
        pytest.param(partly_hidden(follows_the_floor(0.02, 0.03), 3.5), False, id="hidden in part"),
        pytest.param(follows_the_floor(0.02, 0.005), True, id="polyethylene on its bed"),
        pytest.param(follows_the_floor(0.005, 0.03), True, id="straight in plan"),
        pytest.param(follows_the_floor(0.02, 0.03, 0.006), True, id="hardly known"),
    ],
)
def test_what_winds_slightly_and_up_and_down_as_the_floor_does_is_a_hose(ground, tube, kept):
    found, out = classify([tube], ground, ClassifyOptions())
    assert [item.tube for item in found] == [tube] * kept
    assert ["winds" in item.reason for item in out] == [True] * (not kept)


def test_a_thinner_utility_that_crosses_askew_at_the_height_of_struts_is_none():
    row = [across(x_m, -0.35, 0.046) for x_m in (1.5, 4.7, 7.9)]
    utility = across(6.2, -0.38, 0.033, 60.0)
    assert roles(MAIN, utility, *row) == [(MAIN, Role.MAIN), (utility, Role.CROSSING)]
    jack = across(6.2, -0.38, 0.037, 60.0)
    assert roles(MAIN, jack, *row) == [(MAIN, Role.MAIN)]


def test_a_strut_of_a_row_may_be_wedged_in_aslant():
    row = [across(x_m, -0.45, 0.05) for x_m in (2.0, 4.0)]
    aslant = make_tube(lifted(straight(1.0, (7.0, -0.5, 0.0), 90.0), -0.38, -0.53), 0.055)
    assert roles(MAIN, *row, aslant) == [(MAIN, Role.MAIN)]
    steep = make_tube(lifted(straight(1.0, (7.0, -0.5, 0.0), 90.0), -0.3, -0.6), 0.055)
    assert [tube for tube, _ in roles(MAIN, *row, steep)] == [MAIN, steep]


@pytest.mark.parametrize(
    ("share", "stand_off_m", "kept"),
    [
        pytest.param(0.45, 0.004, False, id="sandbags"),
        pytest.param(0.9, 0.004, True, id="a pipe in a sleeve"),
        pytest.param(0.45, 0.0, True, id="a pipe beside which soil lies here and there"),
    ],
)
def test_what_is_round_here_and_there_only_is_a_row_of_sandbags(share, stand_off_m, kept):
    nodes = straight(8.0, (1.0, 0.1, -1.1))
    observed = np.arange(len(nodes)) % 20 < 20 * share
    changes = {"observed": observed, "visible": np.ones(len(nodes), bool)}
    tube = make_tube(nodes, 0.14, stand_off_m=stand_off_m, **changes)
    assert roles(tube) == [(tube, Role.MAIN)] * kept
    hidden = replace(tube, visible=observed)
    assert roles(hidden) == [(hidden, Role.MAIN)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"radius_std_m": 0.002}, id="unsure"),
        pytest.param({"inflation": 9.0}, id="uneven"),
    ],
)
def test_a_boulder_is_no_pipe_though_a_pipe_joined_to_the_main_may_be_as_uneven(changes):
    boulder = make_tube(straight(0.8, (5.0, 0.35, -0.5), 40.0), 0.06, **changes)
    assert roles(MAIN, boulder) == [(MAIN, Role.MAIN)]
    assert ["uneven" in reason for _, reason in left_out(MAIN, boulder)] == [True]
    crossing = replace(across(5.0, -0.8, 0.06), **changes)
    assert roles(MAIN, crossing) == [(MAIN, Role.MAIN), (crossing, Role.CROSSING)]


def test_every_tube_is_either_found_or_left_out():
    tubes = [
        MAIN,
        across(3.0, -0.35),
        across(5.0, -0.8, 0.057),
        make_tube(straight(1.0, (20, 0, 1))),
    ]
    found, out = classify(tubes, GROUND, ClassifyOptions())
    sorted_ids = sorted(id(item.tube) for item in [*found, *out])
    assert sorted_ids == sorted(map(id, tubes))


def test_a_skew_strut_of_a_row_is_one_too():
    row = [across(x_m, -0.35) for x_m in (2.0, 4.0)]
    skew = across(7.0, -0.35, heading_deg=60.0)
    assert roles(MAIN, *row, skew) == [(MAIN, Role.MAIN)]
    deep = across(7.0, -0.9, heading_deg=60.0)
    assert [tube for tube, _ in roles(MAIN, *row, deep)] == [MAIN, deep]


def test_a_skew_strut_of_a_deep_row_is_one_where_the_row_is_long_and_of_one_size():
    row = [across(x_m, -0.85, 0.029) for x_m in (1.5, 3.0, 4.5)]
    skew, thicker = across(7.0, -0.86, 0.0295, 50.0), across(7.0, -0.86, 0.033, 50.0)
    assert roles(MAIN, *row, skew) == [(MAIN, Role.MAIN)]
    assert [tube for tube, _ in roles(MAIN, *row, thicker)] == [MAIN, thicker]
    assert [tube for tube, _ in roles(MAIN, *row[:2], skew)] == [MAIN, skew]


def test_two_alike_at_one_height_below_struts_of_their_size_are_a_lower_row_however_askew():
    upper = [across(x_m, -0.35, 0.05, 75.0) for x_m in (2.0, 4.5, 7.0)]
    lower = [across(x_m, -0.95, 0.0505, 65.0) for x_m in (2.5, 5.5)]
    assert roles(MAIN, *upper, *lower) == [(MAIN, Role.MAIN)]
    assert [tube for tube, _ in roles(MAIN, *upper, lower[0])] == [MAIN, lower[0]]
    thinner = [across(x_m, -0.95, 0.045, 65.0) for x_m in (2.5, 5.5)]
    assert len(roles(MAIN, *upper, *thinner)) == 3


def test_a_row_is_as_long_as_each_is_like_some_of_it():
    """Measured in noise the thickest and the thinnest differ by more than any two in between."""
    square = ((1.0, 0.0300), (2.0, 0.0300), (3.0, 0.0290), (4.0, 0.0289))
    row = [across(x_m, -0.85, radius_m) for x_m, radius_m in square]
    skew = [across(5.5, -0.85, 0.0290, 50.0), across(7.5, -0.85, 0.0284, 50.0)]
    assert roles(MAIN, *row, *skew) == [(MAIN, Role.MAIN)]
    assert [tube for tube, _ in roles(MAIN, *row, skew[1])] == [MAIN, skew[1]]


def test_two_struts_beside_a_bend_are_square_to_a_leg_each():
    main = make_tube(bent(5.0, 30.0, 0.3, 5.0) + np.array([0.0, 0.1, -1.1]))
    first = across(4.2, -0.6, 0.034)
    second = make_tube(straight(1.0, (5.4, -0.293, -0.6), 120.0), 0.034)
    assert roles(main, first, second) == [(main, Role.MAIN)]


@pytest.mark.parametrize(
    ("std_m", "is_strut"),
    [pytest.param(0.004, True, id="noisy"), pytest.param(0.0005, False, id="sure")],
)
def test_a_strut_that_noise_makes_too_thick_is_one(std_m, is_strut):
    props = [replace(across(x, -0.8, 0.0775), radius_std_m=std_m) for x in (3.0, 6.0)]
    assert len(roles(MAIN, *props)) == (1 if is_strut else 3)


@pytest.mark.parametrize(
    ("headings_deg", "z_m", "are_struts"),
    [
        pytest.param((70.0, 70.5), -0.35, True, id="parallel"),
        pytest.param((70.0, 75.0), -0.35, False, id="each its own way"),
        pytest.param((70.0, 70.5), -0.7, False, id="as deep as utilities"),
    ],
)
def test_two_parallel_tubes_shallower_than_utilities_are_struts(headings_deg, z_m, are_struts):
    pair = [across(x, z_m, 0.029, way) for x, way in zip((3.0, 6.0), headings_deg, strict=True)]
    assert len(roles(MAIN, *pair)) == (1 if are_struts else 3)


def test_struts_of_a_deep_row_stand_parallel_to_one_that_is_told():
    """As where a trench bends: none looks square to it, and noise makes their sizes differ."""
    told = [across(x, -0.3, 0.04, 70.0) for x in (2.0, 4.0)]
    row = [across(6.0, -0.95, 0.046, 70.0), across(8.0, -0.95, 0.05, 70.0)]
    assert roles(MAIN, *told, *row) == [(MAIN, Role.MAIN)]
    assert len(roles(MAIN, *row)) == 3
    assert [tube for tube, _ in roles(MAIN, *told, row[0])] == [MAIN, row[0]]
    utilities = [across(x, -0.95, 0.046, 60.0) for x in (6.0, 8.0)]
    assert len(roles(MAIN, *told, *utilities)) == 3


@pytest.mark.parametrize(
    ("x_m", "radius_m", "heading_deg", "is_strut"),
    [
        pytest.param(4.0, 0.0505, 70.5, True, id="right below"),
        pytest.param(5.0, 0.0505, 70.5, False, id="elsewhere"),
        pytest.param(4.0, 0.055, 70.5, False, id="of another size"),
        pytest.param(4.0, 0.0505, 78.0, False, id="at another angle"),
    ],
)
def test_what_stands_right_below_a_strut_is_one(x_m, radius_m, heading_deg, is_strut):
    upper, lower = across(4.0, -0.3, 0.05, 70.0), across(x_m, -0.95, radius_m, heading_deg)
    found, _ = classify([MAIN, lower], GROUND, ClassifyOptions(), hanging=[upper])
    assert len(found) == (1 if is_strut else 2)


@pytest.mark.parametrize(
    ("z_m", "std_m", "is_pipe"),
    [
        pytest.param(-0.95, 0.001, False, id="within the barrel"),
        pytest.param(-0.95, 0.05, True, id="it may be above"),
        pytest.param(-0.79, 0.001, True, id="above"),
        pytest.param(-1.11, 0.001, True, id="a cross"),
    ],
)
def test_what_would_pass_through_a_main_is_no_pipe(z_m, std_m, is_pipe):
    main = make_tube(straight(10.0, (0.0, 0.0, -1.1)), 0.25)
    other = across(5.0, z_m, 0.06, 75.0)
    other = replace(other, std_v_m=np.full(len(other.nodes), std_m))
    assert len(roles(main, other)) == (2 if is_pipe else 1)
    diving = replace(main, observed=np.abs(main.nodes[:, 0] - 5.0) > 0.6)
    assert len(roles(diving, other)) == 2


def test_three_alike_at_one_height_are_struts_however_askew():
    props = [
        across(x, -0.56, 0.042, heading) for x, heading in ((2.0, 60.0), (5.0, 75.0), (8.0, 120.0))
    ]
    assert [role for _, role in roles(MAIN, *props)] == [Role.MAIN]
    assert [role for _, role in roles(MAIN, *props[:2])[1:]] == [Role.CROSSING] * 2


def test_struts_that_meet_in_a_corner_are_no_main():
    props = [across(x, -0.3, 0.06) for x in (2.0, 4.0, 6.0)]
    carried = make_tube(straight(4.0, (6.5, 0.0, -0.32)), 0.0605)
    assert [role for _, role in roles(MAIN, carried, *props)] == [Role.MAIN]
    assert not roles(carried, *props)
    thinner = make_tube(straight(4.0, (6.5, 0.0, -0.32)), 0.05)
    deeper = make_tube(straight(4.0, (6.5, 0.3, -0.8)), 0.0605)
    for other in (thinner, deeper):
        assert [role for _, role in roles(MAIN, other, *props)] == [Role.MAIN] * 2


def around_a_corner() -> Ground:
    """A trench along +x that turns to the right at x = 5."""
    path = shapely.LineString([(0, 0), (5, 0), (5, -5)])
    trench = path.buffer(0.4, cap_style="flat", join_style="mitre")
    x, y = (a.ravel() for a in np.meshgrid(np.arange(-2, 8, 0.1), np.arange(-7, 2, 0.1)))
    beside = ~shapely.contains_xy(trench, x, y)
    pavement = np.column_stack([x, y, np.zeros(len(x))])[beside]
    return Ground(pavement, 0.002, (np.array(trench.exterior.coords),))


def led_through_soil(depth_m: float, aside_m: float) -> Tube:
    """What joins a strut of either leg, seen in the trench alone; the corner's inner side."""
    line = bent(1.2 + aside_m, 90.0, 0.6, 1.2 + aside_m)
    nodes = np.column_stack([3.8 - aside_m + line[:, 1], 0.4 - line[:, 0], line[:, 2] - depth_m])
    along = np.arange(len(nodes)) * 0.05
    return replace(make_tube(nodes, 0.0435), observed=(along < 0.8) | (along > along[-1] - 0.8))


def test_struts_joined_through_undug_ground_around_a_corner_are_no_main():
    main = make_tube(straight(5.0, (0.0, 0.1, -1.1)))
    joined = led_through_soil(0.3, 0.2)
    found, out = classify([main, joined], around_a_corner(), ClassifyOptions())
    assert [item.tube for item in found] == [main]
    assert [(item.tube, item.reason) for item in out] == [
        (joined, "shoring struts that meet in a corner")
    ]


def test_two_of_a_size_joined_through_undug_ground_are_struts_at_any_depth_a_single_one_not():
    one, two = led_through_soil(0.9, 0.2), led_through_soil(0.9, 0.8)
    assert len(classify([one, two], around_a_corner(), ClassifyOptions())[1]) == 2
    assert len(classify([one], around_a_corner(), ClassifyOptions())[1]) == 0


def test_a_shallow_main_hidden_in_the_trenchs_corner_is_the_main():
    nodes = bent(4.5, 90.0, 0.5, 4.0) * np.array([1.0, -1.0, 1.0]) - np.array([0.0, 0.0, 0.5])
    along = np.arange(len(nodes)) * 0.05
    main = replace(make_tube(nodes, 0.0435), observed=(along < 4.0) | (along > 6.0))
    found, _ = classify([main], around_a_corner(), ClassifyOptions())
    assert [(item.tube, item.role) for item in found] == [(main, Role.MAIN)]


def along_a_wale(depth_m: float, legs: tuple[bool, bool] = (True, True)) -> Tube:
    """Struts from wall to wall at 3 m and at 6 m, and what leads from one to the other."""
    first, last = straight(0.9, (3.0, -0.5, 0.0), 90.0), straight(0.9, (6.0, 0.4, 0.0), -90.0)
    between = straight(2.9, (3.05, 0.4, 0.0))
    nodes = np.vstack([*[first] * legs[0], between, *[last] * legs[1]])
    return make_tube(nodes - [0.0, 0.0, depth_m], 0.0435)


def test_struts_joined_along_the_wale_that_they_prop_are_no_main():
    joined, strut = along_a_wale(0.35), across(8.0, -0.35, 0.044)
    assert roles(MAIN, joined) == [(MAIN, Role.MAIN)]
    assert left_out(MAIN, joined) == [(joined, "shoring struts and the wale that they prop")]
    one = along_a_wale(0.35, (True, False))
    assert roles(MAIN, one, strut) == [(MAIN, Role.MAIN)]


def test_a_pipe_that_turns_across_the_trench_as_deep_as_utilities_or_once_is_a_pipe():
    assert [role for _, role in roles(MAIN, along_a_wale(0.9))] == [Role.MAIN] * 2
    assert [role for _, role in roles(MAIN, along_a_wale(0.35, (True, False)))] == [Role.MAIN] * 2


@pytest.mark.parametrize(
    ("radius_m", "heading_deg", "is_strut"),
    [(0.031, 77.0, True), (0.035, 77.0, False), (0.031, 60.0, False)],
)
def test_a_strut_of_a_lower_row_is_told_by_those_above_it(radius_m, heading_deg, is_strut):
    row = [across(x_m, -0.3, 0.03, 75.0) for x_m in (2.0, 4.0, 6.0)]
    lower = across(3.0, -0.95, radius_m, heading_deg)
    assert (lower in [tube for tube, _ in left_out(*row, lower)]) is is_strut
    assert (lower, Role.CROSSING) in roles(MAIN, *row, lower)


@pytest.mark.parametrize(
    ("x_m", "heading_deg", "is_strut"), [(4.1, 80.0, True), (4.6, 80.0, False), (4.1, 55.0, False)]
)
def test_what_hangs_straight_below_a_strut_is_one(x_m, heading_deg, is_strut):
    row = [across(x_m, -0.3, 0.045) for x_m in (2.0, 4.0)]
    lower = across(x_m, -0.9, 0.052, heading_deg)
    assert (roles(MAIN, *row, lower) == [(MAIN, Role.MAIN)]) is is_strut


def test_heavy_struts_are_told_by_their_number():
    props = [across(x, -0.24, 0.08) for x in (2.0, 4.0, 6.0)]
    assert [role for _, role in roles(MAIN, *props)] == [Role.MAIN]
    assert [role for _, role in roles(MAIN, *props[:2])[1:]] == [Role.CROSSING] * 2


def test_three_branches_alike_are_no_struts():
    main = make_tube(straight(10.0, (0.0, 0.1, -0.62)))
    leaving = [make_tube(straight(0.6, (x, 0.15, -0.62), 80.0), 0.03) for x in (2.0, 5.0, 8.0)]
    assert [role for _, role in roles(main, *leaving)[1:]] == [Role.BRANCH] * 3


def test_what_is_rougher_than_the_main_is_no_pipe():
    edge = make_tube(straight(6.0, (2.0, 0.4, -0.4)), 0.04, noise_m=1.9 * MAIN.noise_m)
    assert roles(MAIN, edge) == [(MAIN, Role.MAIN)]
    ((tube, reason),) = left_out(MAIN, edge)
    assert tube is edge
    assert "scatter" in reason


@pytest.mark.parametrize(
    ("length_m", "rougher", "halo", "told"),
    [
        pytest.param(0.6, 1.3, 0.2, True, id="a ridge"),
        pytest.param(1.0, 1.3, 0.2, False, id="long"),
        pytest.param(0.6, 1.05, 0.2, False, id="as smooth as a pipe"),
        pytest.param(0.6, 1.3, 0.02, False, id="clear of the ground"),
    ],
)
def test_a_short_rough_ridge_that_the_ground_goes_on_from_is_no_pipe(length_m, rougher, halo, told):
    nodes = straight(length_m, (5.0, 0.2, -0.6), 70.0)
    ridge = make_tube(nodes, 0.08, noise_m=rougher * MAIN.noise_m, halo=halo)
    assert [tube is ridge for tube, _ in left_out(MAIN, ridge)] == ([True] if told else [])


@pytest.mark.parametrize(
    ("x_m", "z_m", "radius_m", "heading_deg", "told"),
    [
        pytest.param(5.0, -0.82, 0.045, 90.0, True, id="one of its row"),
        pytest.param(5.0, -0.50, 0.045, 90.0, False, id="another height"),
        pytest.param(5.0, -0.82, 0.065, 90.0, False, id="another size"),
        pytest.param(5.0, -0.82, 0.045, 70.0, False, id="askew"),
        pytest.param(2.1, -0.82, 0.045, 90.0, False, id="a piece of the same"),
    ],
)
def test_a_deep_strut_is_told_by_another_that_is_too_rough_for_a_pipe(
    x_m, z_m, radius_m, heading_deg, told
):
    strut = across(2.0, -0.8, 0.042)
    other = replace(across(x_m, z_m, radius_m, heading_deg), noise_m=2.5 * MAIN.noise_m)
    reasons = {id(tube): reason for tube, reason in left_out(MAIN, strut, other)}
    assert "scatter" in reasons[id(other)]
    assert (reasons.get(id(strut)) == "shoring strut") == told


def test_a_main_around_a_corner_is_the_main():
    corner = make_tube(bent(4.5, 90.0, 0.6, 0.5) + np.array([0.0, 0.0, -1.1]))
    assert roles(corner) == [(corner, Role.MAIN)]


def test_where_trenches_meet_what_runs_along_the_other_is_a_main_what_leaves_there_a_branch():
    trench = shapely.box(0.0, -0.5, 10.0, 0.5).union(shapely.box(4.5, -4.0, 5.5, 4.0))
    x, y = (a.ravel() for a in np.meshgrid(np.arange(-2, 12, 0.1), np.arange(-6, 6, 0.1)))
    beside = ~shapely.contains_xy(trench, x, y)
    pavement = np.column_stack([x, y, np.zeros(len(x))])[beside]
    ground = Ground(pavement, 0.002, (np.array(trench.exterior.coords),))
    crossing_main = make_tube(straight(8.0, (5.0, -4.0, -0.8), 90.0), 0.059)
    long_branch = make_tube(straight(3.7, (5.0, 0.3, -1.1), 90.0), 0.059)
    short_crossing = across(2.0, -0.8, 0.057)
    tubes = [MAIN, crossing_main, long_branch, short_crossing]
    found, _ = classify(tubes, ground, ClassifyOptions())
    assert [(item.tube, item.role) for item in found] == [
        (MAIN, Role.MAIN),
        (crossing_main, Role.MAIN),
        (long_branch, Role.BRANCH),
        (short_crossing, Role.CROSSING),
    ]


def test_roles_do_not_depend_on_the_order_of_tubes():
    tubes = [
        MAIN,
        across(5.0, -0.8, 0.057),
        make_tube(straight(0.9, (7.0, 0.25, -1.08), 90.0), 0.03),
    ]
    assert roles(*tubes) == roles(*reversed(tubes))


def test_without_a_trench_nothing_tells_roles():
    short = make_tube(straight(1.0, (0.0, 3.0, 0.0)), 0.03)
    found, out = classify([short, MAIN], None, ClassifyOptions())
    assert [(item.tube, item.role) for item in found] == [
        (MAIN, Role.UNKNOWN),
        (short, Role.UNKNOWN),
    ]
    assert out == []


def test_without_a_main_what_crosses_the_trench_is_kept():
    cross = across(5.0, -0.8, 0.057)
    assert roles(cross) == [(cross, Role.UNKNOWN)]


def test_no_tubes_give_no_pipes():
    assert classify([], GROUND, ClassifyOptions()) == ([], [])


def test_a_pipe_that_stands_upright_does_not_wind():
    rng = np.random.default_rng(4)
    nodes = np.column_stack([rng.normal(0.0, 0.004, (30, 2)), np.linspace(0.0, 1.5, 30)])
    found, left_out = classify([make_tube(nodes, 0.087)], None, ClassifyOptions())
    assert (len(found), left_out) == (1, [])


@pytest.mark.parametrize(
    ("length_m", "radius_m", "kept"),
    [
        (8.0, 0.019, False),
        (2.0, 0.019, True),
        (8.0, 0.024, True),
    ],
)
def test_a_long_cable_is_no_pipe_though_nothing_tells_how_the_trench_runs(length_m, radius_m, kept):
    found, out = classify([make_tube(straight(length_m), radius_m)], None, ClassifyOptions())
    assert len(found) == kept
    assert len(out) == (not kept)
