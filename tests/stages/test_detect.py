"""Seeds on lone tubes, on several, and on shapes that hold none."""

import numpy as np
import pytest

from stages.made import plane_points, pyramid_of, straight, tube_points
from twin_pipeline.geometry.tubes import Seeds
from twin_pipeline.model import FloatArray
from twin_pipeline.stages.detect import DetectOptions, detect
from twin_pipeline.stages.trace import TraceOptions

PER_M2 = {0.06: 20_000.0, 0.17: 8_000.0, 0.4: 4_000.0, 0.8: 2_000.0}
HEADING_DEG = 25.0
ALONG = np.array([np.cos(np.radians(HEADING_DEG)), np.sin(np.radians(HEADING_DEG)), 0.0])


def lying(diameter_m: float, length_m: float = 3.0, **options: float) -> FloatArray:
    rng = np.random.default_rng(round(1000 * diameter_m))
    given = {"noise_m": 0.003, "arc_deg": 160.0, "per_m2": PER_M2[diameter_m], **options}
    return tube_points(straight(length_m, heading_deg=HEADING_DEG), diameter_m / 2, rng, **given)


def off_axis(seeds: Seeds) -> FloatArray:
    """Distance (P,) of seeds from the line through the origin along ALONG."""
    return np.linalg.norm(seeds.centre - np.outer(seeds.centre @ ALONG, ALONG), axis=1)


@pytest.mark.parametrize("diameter_m", PER_M2)
def test_a_tube_gives_seeds_on_its_axis(diameter_m):
    seeds = detect(pyramid_of(lying(diameter_m)), DetectOptions())
    right = (off_axis(seeds) < 0.1 * diameter_m) & (np.abs(seeds.direction @ ALONG) > 0.99)
    right &= np.abs(2 * seeds.radius_m / diameter_m - 1.0) < 0.1
    assert right[0]
    reached = seeds.centre[right] @ ALONG
    assert reached.min() < 0.8
    assert reached.max() > 2.2


def test_seeds_are_units_and_sorted_by_strength():
    seeds = detect(pyramid_of(lying(0.17)), DetectOptions())
    assert len(seeds.centre) > 0
    assert np.all(np.diff(seeds.strength) <= 0)
    assert np.linalg.norm(seeds.direction, axis=1) == pytest.approx(1.0)
    assert set(seeds.level) <= set(seeds.patches)


def test_both_of_two_tubes_are_seeded():
    low = lying(0.17)
    high = lying(0.06) + np.array([0.3, -0.3, 0.25])
    seeds = detect(pyramid_of(np.vstack([low, high])), DetectOptions())
    on_low = (off_axis(seeds) < 0.02) & (np.abs(2 * seeds.radius_m - 0.17) < 0.02)
    aside = np.cross(seeds.centre - [0.3, -0.3, 0.25], ALONG)
    on_high = (np.linalg.norm(aside, axis=1) < 0.01) & (np.abs(2 * seeds.radius_m - 0.06) < 0.01)
    assert on_low.any()
    assert on_high.any()


def test_planes_and_their_edges_have_no_strong_seed():
    """A floor, a wall and a step: a seed there covers less than the weakest real tube does."""
    rng = np.random.default_rng(1)
    floor = plane_points((0.0, 0.0), (3.0, 1.0), 0.0, rng, noise_m=0.005)
    wall = plane_points((0.0, 0.0), (3.0, 1.0), 0.0, rng, noise_m=0.005)[:, [0, 2, 1]]
    seeds = detect(pyramid_of(np.vstack([floor, wall])), DetectOptions())
    tube = detect(pyramid_of(lying(0.17)), DetectOptions())
    assert len(seeds.centre) < 0.2 * len(tube.centre)


def test_tubes_beyond_the_sizes_asked_for_are_not_seeded():
    options = DetectOptions(min_diameter_m=0.04, max_diameter_m=0.1)
    seeds = detect(pyramid_of(lying(0.4)), options)
    assert not (np.abs(2 * seeds.radius_m - 0.4) < 0.2).any()


def test_a_flat_cloud_has_no_seeds():
    flat = plane_points((0.0, 0.0), (3.0, 3.0), 0.0, np.random.default_rng(2))
    seeds = detect(pyramid_of(flat), DetectOptions())
    assert seeds.centre.shape == (0, 3)
    assert seeds.strength.shape == (0,)


def test_seeds_are_the_same_every_time():
    """Radii are searched in threads; what comes out must not depend on which is done first."""
    pyramid = pyramid_of(np.vstack([lying(0.17), lying(0.06) + np.array([0.0, -0.4, 0.2])]))
    first, second = detect(pyramid, DetectOptions()), detect(pyramid, DetectOptions())
    for name in ("centre", "direction", "radius_m", "strength", "level"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def strength_along_x(seeds: Seeds, radius_m: float, most_off_m: float) -> FloatArray:
    """Strength of the seeds of about a radius that lie no farther off the x axis."""
    off_m = np.linalg.norm(seeds.centre[:, 1:], axis=1)
    return seeds.strength[(off_m < most_off_m) & (np.abs(np.log(seeds.radius_m / radius_m)) < 0.2)]


@pytest.mark.parametrize("seed", range(4))
def test_a_short_thin_tube_in_patches_hardly_smaller_than_itself_is_seeded(seed):
    """So few patches are on it that no narrow cell gets the votes that tell it from chance."""
    rng = np.random.default_rng(seed)
    thin = tube_points(straight(0.8), 0.03, rng, arc_deg=200.0, per_m2=5_000.0, noise_m=0.003)
    floor = plane_points((-1.0, -1.0), (2.0, 1.0), -0.3, rng, per_m2=9_000.0, noise_m=0.003)
    seeds = detect(pyramid_of(np.vstack([thin, floor])), DetectOptions())
    assert np.any(strength_along_x(seeds, 0.03, 0.01) > 0.8)


@pytest.mark.parametrize("seed", range(4))
def test_a_tube_far_thinner_scanned_than_the_rest_is_a_strong_seed(seed):
    """Patches suit what most of the scan is like: on the tube most of their voxels are empty."""
    rng = np.random.default_rng(seed)
    tube = tube_points(straight(3.0), 0.135, rng, arc_deg=140.0, per_m2=550.0, noise_m=0.005)
    floor = plane_points((-1.0, -2.0), (4.0, 2.0), -0.3, rng, per_m2=9_000.0, noise_m=0.005)
    seeds = detect(pyramid_of(np.vstack([tube, floor])), DetectOptions())
    assert np.any(strength_along_x(seeds, 0.135, 0.03) > TraceOptions().min_strength_rad)
