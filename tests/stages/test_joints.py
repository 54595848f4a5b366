"""Sockets of tubes whose places are known on paper."""

from dataclasses import replace

import numpy as np
import pytest

from stages.made import bent, make_tube, plane_points, pyramid_of, straight, tube_points
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.fittings import FittingsOptions, Joint, find_joints

RADIUS_M = 0.085
LENGTH_M = 5.0


def sleeved(
    rng: np.random.Generator, *sockets: tuple[float, float, float], noise_m: float = 0.003
) -> FloatArray:
    """Points on a straight barrel with rings given by start, length and rise."""
    points = tube_points(straight(LENGTH_M), RADIUS_M, rng, noise_m=noise_m)
    for start, length, rise in sockets:
        points = points[(points[:, 0] < start) | (points[:, 0] > start + length)]
        ring = tube_points(
            straight(length, (start, 0.0, 0.0)), RADIUS_M + rise, rng, noise_m=noise_m
        )
        points = np.vstack([points, ring])
    return points


def belled(rng: np.random.Generator, starts: list[float], noise_m: float) -> FloatArray:
    """Points on a barrel with sockets: a cone of 6 cm, then a cylinder of 9 cm, 35 mm higher."""
    points = tube_points(straight(LENGTH_M), RADIUS_M, rng)
    height = np.zeros(len(points))
    for start in starts:
        along = points[:, 0] - start
        inside = (along > 0.0) & (along < 0.15)
        height[inside] = 0.035 * np.clip(along[inside] / 0.06, 0.0, 1.0)
    points[:, 1:] *= ((RADIUS_M + height) / RADIUS_M)[:, None]
    return points + rng.normal(0.0, noise_m, points.shape)


def found(points: FloatArray, noise_m: float = 0.003) -> list[Joint]:
    tube = make_tube(straight(LENGTH_M), RADIUS_M, noise_m=noise_m)
    return find_joints(pyramid_of(points), tube, FittingsOptions())


def joints(points: FloatArray) -> list[float]:
    return [joint.chainage_m for joint in found(points)]


def test_sockets_are_joints_at_their_middles():
    at = joints(sleeved(np.random.default_rng(1), (0.9, 0.15, 0.03), (3.9, 0.15, 0.03)))
    assert at == pytest.approx([0.975, 3.975], abs=0.01)


@pytest.mark.parametrize(("noise_m", "within_m"), [(0.003, 0.006), (0.012, 0.02), (0.02, 0.03)])
def test_the_cone_of_a_socket_is_part_of_it_and_noise_does_not_move_it(noise_m, within_m):
    starts = [0.4, 1.9, 3.7]
    points = belled(np.random.default_rng(7), starts, noise_m)
    found_at = found(points, noise_m)
    assert [joint.chainage_m for joint in found_at] == pytest.approx(
        [start + 0.075 for start in starts], abs=within_m
    )


def test_how_well_a_joint_is_known_is_told():
    """Errors over their sigmas, of many sockets at several noises."""
    ratios = []
    for seed in range(12):
        noise_m = (0.003, 0.006, 0.012)[seed % 3]
        starts = list(np.array([0.5, 1.5, 2.5, 3.5]) + 0.013 * seed)
        points = belled(np.random.default_rng([20, seed]), starts, noise_m)
        ratios += [
            (joint.chainage_m - start - 0.075) / joint.std_m
            for joint, start in zip(found(points, noise_m), starts, strict=True)
        ]
    assert 0.3 < np.sqrt(np.mean(np.square(ratios))) < 1.5
    assert np.abs(ratios).max() < 3.5


def test_a_socket_beside_a_lower_clamp_is_told_from_it():
    rng = np.random.default_rng(8)
    at = found(sleeved(rng, (2.0, 0.2, 0.012), (2.2, 0.15, 0.04)))
    assert [joint.chainage_m for joint in at] == pytest.approx([2.275], abs=0.03)
    # where it begins under the clamp is not seen
    assert at[0].std_m > 0.01


def test_of_a_socket_half_under_a_clamp_others_of_the_pipe_tell_the_length():
    starts = [0.6, 2.2, 3.8]
    points = belled(np.random.default_rng(11), starts, 0.003)
    rho = np.hypot(points[:, 1], points[:, 2])
    under = (points[:, 0] > 2.0) & (points[:, 0] < 2.255) & (rho < RADIUS_M + 0.014)
    points[under, 1:] *= ((RADIUS_M + 0.014) / rho[under])[:, None]
    found_at = found(points)
    assert [joint.chainage_m for joint in found_at] == pytest.approx(
        [start + 0.075 for start in starts], abs=0.012
    )
    assert found_at[1].std_m > 1.5 * found_at[0].std_m


def test_a_socket_unlike_the_others_of_its_pipe_is_less_sure():
    """The axis has climbed it, or it is none of the pipe's own."""
    rng = np.random.default_rng(12)
    sockets = (0.6, 0.15, 0.036), (2.2, 0.15, 0.014), (3.8, 0.15, 0.036)
    first, low, last = found(sleeved(rng, *sockets))
    assert low.std_m > 2.0 * max(first.std_m, last.std_m)


def test_a_socket_with_something_as_high_beside_it_is_less_sure():
    """Which of the two is the socket nothing tells."""
    rings = (0.9, 0.15, 0.03), (2.4, 0.23, 0.03), (3.9, 0.15, 0.03)
    first, longer, last = found(sleeved(np.random.default_rng(3), *rings))
    assert abs(longer.chainage_m - 2.475) > 0.03
    assert longer.std_m > 0.03
    assert max(first.std_m, last.std_m) < 0.01


def test_a_drift_of_the_scan_moves_joints_too():
    points = sleeved(np.random.default_rng(13), (0.9, 0.15, 0.03))
    axis = straight(LENGTH_M)
    exact = make_tube(axis, RADIUS_M, noise_m=0.003, std_h_m=np.zeros(len(axis)))
    tube = replace(exact, drift_m=np.full(len(axis), 0.005))
    (drifting,) = find_joints(pyramid_of(points), tube, FittingsOptions())
    (still,) = find_joints(pyramid_of(points), exact, FittingsOptions())
    assert drifting.std_m == pytest.approx(np.hypot(still.std_m, 0.005))


def test_a_bare_barrel_has_no_joint():
    assert joints(sleeved(np.random.default_rng(2))) == []


def test_a_sleeve_too_long_or_too_low_is_no_joint():
    assert joints(sleeved(np.random.default_rng(3), (1.0, 1.2, 0.03))) == []
    assert joints(sleeved(np.random.default_rng(4), (1.0, 0.15, 0.004))) == []


def test_a_heap_of_soil_is_no_joint():
    """It stands out of the barrel here more and there less, and hides what is under it."""
    rng = np.random.default_rng(5)
    points = sleeved(rng)
    bare = points[(points[:, 0] < 2.0) | (points[:, 0] > 2.2)]
    heap = plane_points((2.0, -0.2), (2.2, 0.2), 0.10, rng, per_m2=20_000.0, noise_m=0.012)
    assert joints(np.vstack([bare, heap])) == []


def test_a_stone_on_one_side_is_no_joint():
    rng = np.random.default_rng(9)
    points = sleeved(rng)
    half = sleeved(rng, (2.0, 0.15, 0.03))
    half = half[(half[:, 0] > 2.0) & (half[:, 0] < 2.15) & (half[:, 1] > 0.0)]
    hidden = (points[:, 0] > 2.0) & (points[:, 0] < 2.15) & (points[:, 1] > 0.0)
    assert joints(np.vstack([points[~hidden], half])) == []


def test_what_covers_the_end_of_a_pipe_is_no_joint():
    """It has barrel on one side only."""
    rng = np.random.default_rng(10)
    assert joints(sleeved(rng, (LENGTH_M - 0.1, 0.1, 0.03))) == []


def test_joints_of_a_bent_pipe_lie_along_the_axis():
    rng = np.random.default_rng(6)
    axis = bent(2.0, 45.0, 0.6, 2.0)
    barrel = tube_points(axis, RADIUS_M, rng, noise_m=0.003)
    barrel = barrel[(barrel[:, 0] < 1.0) | (barrel[:, 0] > 1.15)]
    ring = tube_points(straight(0.15, (1.0, 0.0, 0.0)), RADIUS_M + 0.03, rng, noise_m=0.003)
    at = find_joints(
        pyramid_of(np.vstack([barrel, ring])), make_tube(axis, RADIUS_M), FittingsOptions()
    )
    assert [joint.chainage_m for joint in at] == pytest.approx([1.075], abs=0.01)


@pytest.mark.parametrize("height_m", [0.05, 0.06])
def test_a_stone_on_the_pipe_is_no_socket(height_m):
    """It rises and falls gently, where a socket has a face."""
    points = tube_points(straight(LENGTH_M), RADIUS_M, np.random.default_rng(12))
    off = (points[:, 0] - 2.0) / 0.14
    risen = height_m * np.sqrt(np.clip(1.0 - off**2, 0.0, None))
    points[:, 1:] *= ((RADIUS_M + risen) / RADIUS_M)[:, None]
    noise = np.random.default_rng(13).normal(0.0, 0.002, points.shape)
    assert found(points + noise, 0.002) == []


def test_what_rises_higher_than_any_flange_is_no_joint():
    rng = np.random.default_rng(14)
    assert joints(sleeved(rng, (0.9, 0.15, 0.076))) == []
    assert joints(sleeved(rng, (0.9, 0.15, 0.06))) == pytest.approx([0.975], abs=0.01)


def test_where_no_point_lies_between_what_stands_out_there_is_no_joint():
    rng = np.random.default_rng(1)
    barrel = tube_points(straight(LENGTH_M), RADIUS_M, rng)
    barrel = barrel[:: len(barrel) // 300]
    barrel = barrel[np.abs(barrel[:, 0] - 2.5) > 0.15]
    stones = [[at, side, RADIUS_M + 0.03] for at in (2.45, 2.55) for side in (-0.01, 0.0, 0.01)]
    assert joints(np.vstack([barrel, stones])) == []


def test_sockets_close_to_each_other_are_two():
    """As between the bends of an offset, where a decimetre of barrel is left."""
    for seed in range(3):
        rng = np.random.default_rng([15, seed])
        at = joints(sleeved(rng, (2.0, 0.14, 0.035), (2.22, 0.14, 0.035), noise_m=0.004))
        assert at == pytest.approx([2.07, 2.29], abs=0.02)


def test_a_scan_that_is_off_across_the_pipe_is_so_along_it():
    points = sleeved(np.random.default_rng(16), (0.9, 0.15, 0.03))
    tube = make_tube(straight(LENGTH_M), RADIUS_M, noise_m=0.003)
    drifting = replace(tube, std_h_m=np.full(len(tube.nodes), 0.008))
    steady, unsure = (
        find_joints(pyramid_of(points), one, FittingsOptions())[0].std_m for one in (tube, drifting)
    )
    assert steady < 0.006
    assert unsure > 0.008


def test_low_sockets_are_told_of_materials_that_have_them():
    """PVC: they stand out by little more than the wall."""
    points = sleeved(np.random.default_rng(17), (0.9, 0.12, 0.007), (3.9, 0.12, 0.007))
    tube = make_tube(straight(LENGTH_M), RADIUS_M, noise_m=0.003)
    plastic = find_joints(pyramid_of(points), tube, FittingsOptions(), low_sockets=True)
    assert [joint.chainage_m for joint in plastic] == pytest.approx([0.96, 3.96], abs=0.015)
    assert find_joints(pyramid_of(points), tube, FittingsOptions()) == []


def test_a_saddle_that_a_service_leaves_is_no_socket():
    rng = np.random.default_rng(18)
    axis = np.array([[0.9 + 0.05, 0.0, 0.0]]) + np.linspace(0.0, 0.2, 5)[:, None] * [
        [0.0, 1.0, 0.0]
    ]
    service = tube_points(axis, 0.02, rng, noise_m=0.003)
    service = service[service[:, 1] > RADIUS_M + 0.01]
    points = np.vstack([sleeved(rng, (0.9, 0.12, 0.008), (3.9, 0.12, 0.008)), service])
    tube = make_tube(straight(LENGTH_M), RADIUS_M, noise_m=0.003)
    told = find_joints(pyramid_of(points), tube, FittingsOptions(), low_sockets=True)
    assert [joint.chainage_m for joint in told] == pytest.approx([3.96], abs=0.015)


def on_a_large_main(rng: np.random.Generator, radius_m: float, per_m2: float) -> FloatArray:
    """Points on two sockets 0.3 radii high: a face, then as long a cylinder and a cone."""
    points = tube_points(straight(LENGTH_M), radius_m, rng, per_m2=per_m2)
    height = np.zeros(len(points))
    for start in (0.9, 3.4):
        along = points[:, 0] - start
        inside = (along > 0.0) & (along < radius_m)
        height[inside] = 0.3 * radius_m * np.clip(2.0 - 2.0 * along[inside] / radius_m, 0.0, 1.0)
    points[:, 1:] *= ((radius_m + height) / radius_m)[:, None]
    return points + rng.normal(0.0, 0.002, points.shape)


@pytest.mark.parametrize("per_m2", [200.0, 2_000.0])
def test_sockets_of_a_large_main_stand_out_far(per_m2):
    points = on_a_large_main(np.random.default_rng(19), 0.36, per_m2)
    tube = make_tube(straight(LENGTH_M), 0.36, noise_m=0.002)
    told = find_joints(pyramid_of(points), tube, FittingsOptions())
    assert [joint.chainage_m for joint in told] == pytest.approx([1.08, 3.58], abs=0.03)


def test_a_bank_of_soil_across_a_large_main_is_no_joint():
    """Level and steep, a hand above the crown: to the sides it is farther from the barrel."""
    rng = np.random.default_rng(20)
    barrel = tube_points(straight(LENGTH_M), 0.18, rng, noise_m=0.004)
    bare = barrel[(barrel[:, 0] < 2.0) | (barrel[:, 0] > 2.4)]
    soil = plane_points((2.0, -0.5), (2.4, 0.5), 0.25, rng, per_m2=10_000.0, noise_m=0.004)
    tube = make_tube(straight(LENGTH_M), 0.18, noise_m=0.004)
    assert find_joints(pyramid_of(np.vstack([bare, soil])), tube, FittingsOptions()) == []


def test_a_socket_in_the_corner_of_a_bend_is_a_joint_though_the_axis_is_off_there():
    rng = np.random.default_rng(21)
    axis = bent(2.0, 11.25, 0.6, 2.0)
    barrel = tube_points(axis, RADIUS_M, rng, noise_m=0.003)
    barrel = barrel[(barrel[:, 0] < 1.8) | (barrel[:, 0] > 1.95)]
    ring = tube_points(straight(0.15, (1.8, 0.017, 0.0)), RADIUS_M + 0.035, rng, noise_m=0.003)
    told = find_joints(
        pyramid_of(np.vstack([barrel, ring])),
        make_tube(axis, RADIUS_M, noise_m=0.003),
        FittingsOptions(),
    )
    assert [joint.chainage_m for joint in told] == pytest.approx([1.875], abs=0.02)
