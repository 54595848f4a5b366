"""Scans of scenes: true to the surface, occluded, disturbed as stated, and repeatable."""

import numpy as np
import pytest

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.errors import UsageError
from twin_pipeline.model import Role
from twin_pipeline.synthetic import ObjectId, presets, scan
from twin_pipeline.synthetic.bodies import Plank, Strut
from twin_pipeline.synthetic.frame import to_site
from twin_pipeline.synthetic.presets import TrenchPreset
from twin_pipeline.synthetic.scanner import Pass
from twin_pipeline.synthetic.scene import Pavement, Pipe, Scene, SpoilHeap, Trench
from twin_pipeline.synthetic.world import World, build_world

SHORT = {"length_m": 5.0, "points": 12_000}


def quiet(**options: object):
    return presets.trench(**{**SHORT, "noise_m": 0.0, **options})


def world_of(scene: Scene) -> World:
    return build_world(scene, load_catalogue())


def on_pipe(result, k=0):
    return result.object_id == ObjectId.FIRST_PIPE + k


def off_barrel(result, k=0):
    """Distance from the centreline minus the radius, away from sockets, and the chainages."""
    scene = result.truth.scene
    pipe = world_of(scene).pipes[k]
    chainage, away = pipe.route.project(to_site(scene, result.xyz[on_pipe(result, k)]))
    free = np.ones(len(chainage), dtype=bool)
    for bell in pipe.bells:
        free &= (chainage < bell.start_m - 0.02) | (chainage > bell.end_m + 0.02)
    return (away - pipe.radius_m)[free], chainage[free]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bends": [(2.5, 45.0)]},
        {"material": "HPPE", "nominal_mm": 50, "bends": [(2.5, -22.5)]},
        {"scanner": {"device": "spinning"}, "length_m": 3.0},
    ],
)
def test_without_noise_pipe_points_are_exact(options):
    error, _ = off_barrel(scan(quiet(**options)))
    assert len(error) > 60
    assert np.abs(error).max() < 1e-4


def test_vertical_offset_is_exact():
    scene = quiet(sockets=False)
    dip = ((-0.3, 0, 0.8), (2.0, 0, 0.8), (2.8, 0, 1.1), (5.3, 0, 1.1))
    main = scene.pipes[0].model_copy(update={"vertices": dip, "bedding": 0.2})
    result = scan(scene.model_copy(update={"pipes": (main,)}))
    error, chainage = off_barrel(result)
    assert np.abs(error).max() < 1e-4
    assert [round(b.angle_deg, 1) for b in result.truth.pipes[0].bends] == [20.6, 20.6]
    assert chainage.min() < 1.0
    assert chainage.max() > 4.0


def test_pavement_points_lie_on_the_pavement():
    result = scan(quiet())
    here = result.object_id == ObjectId.PAVEMENT
    ground = result.truth.ground_z(result.xyz[here, 0], result.xyz[here, 1])
    error = result.xyz[here, 2] - ground
    assert np.abs(error).max() < 0.006
    assert error.std() == pytest.approx(0.001, rel=0.5)


def test_sockets_stand_out_by_their_catalogued_size():
    result = scan(quiet(points=25_000))
    scene = result.truth.scene
    pipe = world_of(scene).pipes[0]
    chainage, away = pipe.route.project(to_site(scene, result.xyz[on_pipe(result)]))
    bell = pipe.bells[0]
    assert result.truth.pipes[0].joints_m[0] == pytest.approx(bell.middle_m)
    inside = (chainage > bell.start_m + bell.cone_m + 0.005) & (chainage < bell.end_m - 0.005)
    assert inside.sum() > 20
    assert np.abs(away[inside] - 0.121).max() < 1e-4


def test_noise_is_as_stated():
    result = scan(presets.trench(**SHORT, noise_m=0.006, noise={"angle_rad": 0.0}))
    error = np.linalg.norm(result.xyz - result.hit, axis=1)
    assert np.sqrt(np.mean(error**2)) == pytest.approx(0.006, rel=0.03)


def test_drift_stays_within_its_limit_and_is_slow():
    result = scan(quiet(noise={"drift_m": 0.005, "drift_period_s": 8.0}))
    drift = result.xyz - result.hit
    assert np.abs(drift).max(axis=0) == pytest.approx([0.005] * 3, rel=0.05)
    within = np.diff(result.gps_time) < 0.2
    assert np.linalg.norm(np.diff(drift, axis=0), axis=1)[within].max() < 0.002


def test_second_pass_can_be_shifted():
    walk = ((0.0, 0.0, 1.4), (5.0, 0.0, 1.4))
    passes = (Pass(stations=walk), Pass(stations=walk, shift_m=(0.0, 0.0, 0.012)))
    result = scan(quiet(scanner={"passes": passes}))
    lifted = (result.xyz - result.hit)[:, 2]
    second = result.gps_time > result.gps_time[0] + 20
    assert second.sum() == 6000
    np.testing.assert_allclose(lifted[second], 0.012, atol=1e-9)
    np.testing.assert_allclose(lifted[~second], 0.0, atol=1e-9)


def test_strays_and_edges_are_as_many_as_asked_and_labelled():
    noise = {"mixed_fraction": 0.01, "outlier_fraction": 0.02}
    result = scan(quiet(bodies=(Strut(chainage_m=2.0),), noise=noise))
    stray = result.object_id == ObjectId.OUTLIER
    assert stray.mean() == pytest.approx(0.03, abs=0.002)
    kept = np.linalg.norm(result.xyz - result.hit, axis=1)[~stray]
    assert kept.max() < 1e-9


def test_nothing_is_seen_below_the_floor_or_under_the_pipe():
    result = scan(quiet(bedding=0.0, below_m=0.15))
    world = world_of(result.truth.scene)
    site = to_site(result.truth.scene, result.xyz)
    assert site[:, 2].min() >= world.ground.terrain.lower.min() - 1e-4
    pipe = world.pipes[0]
    mine = site[on_pipe(result)]
    chainage, _ = pipe.route.project(mine)
    below = (pipe.route.at(chainage)[0] - mine)[:, 2] / pipe.radius_m
    assert below.max() < 0.95


def test_bedding_hides_the_lower_part():
    result = scan(quiet(bedding=0.6, sockets=False))
    scene = result.truth.scene
    pipe = world_of(scene).pipes[0]
    mine = to_site(scene, result.xyz[on_pipe(result)])
    chainage, _ = pipe.route.project(mine)
    height = (mine - pipe.route.at(chainage)[0])[:, 2] / pipe.radius_m
    assert np.quantile(height, 0.01) > 0.2 - 0.25
    assert result.truth.pipes[0].bin_arc_deg[10:40].mean() < 175


def test_mound_hides_a_stretch():
    result = scan(quiet(mounds=[(2.5, 0.8)], points=20_000))
    counts = result.truth.pipes[0].bin_points
    hidden = slice(25, 31)  # 2.5 m after 0.3 m in the wall, 0.3 m either side
    assert counts[hidden].sum() == 0
    assert counts[8:18].min() > 0


def test_plank_shades_what_lies_under_it():
    result = scan(quiet(bodies=(Plank(chainage_m=2.5, width_m=0.6),), points=20_000))
    site = to_site(result.truth.scene, result.xyz)
    over = np.abs(site[:, 0] - 2.5) < 0.1
    assert np.any(over & (result.object_id == ObjectId.FIRST_BODY))
    free = scan(quiet(points=20_000))
    free_site = to_site(free.truth.scene, free.xyz)
    free_over = np.abs(free_site[:, 0] - 2.5) < 0.1
    shaded = np.sum(over & on_pipe(result))
    assert shaded < 0.7 * np.sum(free_over & on_pipe(free))


def test_struts_reach_both_walls():
    result = scan(quiet(bodies=(Strut(chainage_m=2.5),), points=30_000))
    strut = to_site(result.truth.scene, result.xyz)[result.object_id == ObjectId.FIRST_BODY]
    assert strut[:, 1].min() < -0.44
    assert strut[:, 1].max() > 0.44
    assert result.truth.objects[ObjectId.FIRST_BODY] == "strut"


def test_heap_stands_beside_the_trench():
    heap = SpoilHeap(chainage_m=2.5, offset_m=1.2, length_m=2.0, width_m=0.9, height_m=0.4)
    result = scan(quiet(heaps=[heap]))
    spoil = result.object_id == ObjectId.SPOIL
    above = result.xyz[spoil, 2] - result.truth.ground_z(*result.xyz[spoil, :2].T)
    assert spoil.sum() > 100
    assert 0.25 < above.max() < 0.5


@pytest.mark.parametrize(
    ("origin", "azimuth"),
    [((0.0, 0.0, 0.0), 90.0), ((-12800.0, -34400.0, 37.2), 63.0), ((3.9e7, -1.2e7, 900.0), 250.0)],
)
def test_truth_cover_and_length_hold_anywhere(origin, azimuth):
    place = dict(zip(("easting_m", "northing_m", "elevation_m"), origin, strict=True))
    options = {"bends": [(2.5, 22.5)], "cover_m": 0.93, "scene": {**place, "azimuth_deg": azimuth}}
    result = scan(quiet(**options))
    truth = result.truth.pipes[0]
    # where a street falls by 1 % the crown is a hair higher than half a diameter
    np.testing.assert_allclose(truth.cover_m, 0.93, atol=1e-5)
    ground = result.truth.ground_z(truth.centreline[:, 0], truth.centreline[:, 1])
    np.testing.assert_allclose(ground, truth.ground_z_m, atol=1e-6)
    steps = np.linalg.norm(np.diff(truth.centreline, axis=0), axis=1)
    assert steps.sum() == pytest.approx(truth.length_m, abs=0.002)
    error, _ = off_barrel(result)
    assert np.abs(error).max() < 1e-4
    heading = truth.centreline[1] - truth.centreline[0]
    assert np.degrees(np.arctan2(heading[0], heading[1])) % 360 == pytest.approx(azimuth)


def test_footway_raises_the_ground():
    scene = quiet()
    kerbed = scene.model_copy(update={"pavement": Pavement(kerb_y_m=1.0, kerb_height_m=0.12)})
    result = scan(kerbed)
    site = to_site(kerbed, result.xyz)
    here = (site[:, 1] > 1.2) & (result.object_id == ObjectId.PAVEMENT)
    assert here.sum() > 50
    above = site[here, 2] - 0.02 * site[here, 1]
    np.testing.assert_allclose(above, 0.12, atol=0.006)
    ground = result.truth.ground_z(result.xyz[here, 0], result.xyz[here, 1])
    np.testing.assert_allclose(result.xyz[here, 2], ground, atol=0.006)


def test_the_same_seed_gives_the_same_scan_and_another_does_not():
    options = {**SHORT, "noise": {"drift_m": 0.004, "mixed_fraction": 0.01}}
    one, two = scan(presets.trench(**options)), scan(presets.trench(**options))
    np.testing.assert_array_equal(one.xyz, two.xyz)
    np.testing.assert_array_equal(one.rgb, two.rgb)
    other = scan(presets.trench(**options, seed=2))
    assert not np.array_equal(one.xyz, other.xyz)


def test_result_does_not_depend_on_threads_or_chunks(monkeypatch):
    whole = scan(quiet())
    monkeypatch.setattr("twin_pipeline.synthetic.world.CHUNK", 997)
    monkeypatch.setattr("twin_pipeline.synthetic.world.cpu_count", lambda: 1)
    np.testing.assert_array_equal(scan(quiet()).xyz, whole.xyz)


def test_amount_of_points():
    assert len(scan(quiet(points=7001)).xyz) == 7001
    dense = scan(quiet(scanner={"density_per_m2": 2000.0}))
    site = to_site(dense.truth.scene, dense.xyz)
    half = 0.45 + 0.03 * 1.27
    inside = (np.abs(site[:, 1]) < half) & (site[:, 0] > 0) & (site[:, 0] < 5)
    assert inside.sum() / (5 * 2 * half) == pytest.approx(2000, rel=0.1)


def test_voxels_hold_one_point_each():
    result = scan(quiet(scanner={"voxel_m": 0.05}))
    keys = np.floor(to_site(result.truth.scene, result.xyz) / 0.05).astype(int)
    assert len(result.xyz) < 12_000
    assert len(np.unique(keys, axis=0)) == len(keys)


def test_arrays_are_of_one_length_and_time_ascends():
    result = scan(presets.trench(**SHORT))
    arrays = (result.rgb, result.intensity, result.gps_time, result.object_id, result.hit)
    assert {len(a) for a in arrays} == {len(result.xyz)} == {12_000}
    assert np.all(np.diff(result.gps_time) >= 0)
    assert result.rgb.dtype == result.intensity.dtype == np.uint16


def test_sleeve_adds_folds_outward_only():
    error, _ = off_barrel(scan(quiet(sleeve_fold_m=0.005)))
    assert error.min() > -1e-4
    assert error.max() == pytest.approx(0.005, abs=3e-4)
    assert 0.001 < error.mean() < 0.004


def test_crossing_goes_into_both_walls():
    result = scan(presets.crossing(**SHORT, noise_m=0.0, chainage_m=2.5))
    truth = result.truth.pipes[1]
    assert truth.role == "crossing"
    crossing = to_site(result.truth.scene, result.xyz[on_pipe(result, 1)])
    assert crossing[:, 1].min() < -0.42
    assert crossing[:, 1].max() > 0.42
    assert np.abs(off_barrel(result, 1)[0]).max() < 1e-4


def test_branch_leaves_the_main_at_its_tee():
    result = scan(presets.branch(**SHORT, noise_m=0.0, chainage_m=2.5))
    main, service = result.truth.pipes
    assert main.tees_m == pytest.approx([2.8], abs=1e-3)
    assert service.role == "branch"
    start = np.interp(2.8, main.chainage_m, main.centreline[:, 2])
    assert service.centreline[0, 2] == pytest.approx(start, abs=1e-3)
    assert "saddle" in result.truth.objects.values()


def test_parallel_mains_keep_their_distance():
    result = scan(presets.parallel(**SHORT, spacing_m=0.4))
    first, second = result.truth.pipes
    away = np.abs(first.centreline[0, 1] - second.centreline[0, 1])
    assert away == pytest.approx(0.4)
    assert on_pipe(result, 0).sum() > 100
    assert on_pipe(result, 1).sum() > 50


def test_empty_excavation_has_no_pipe():
    result = scan(presets.empty(**SHORT))
    assert result.truth.pipes == ()
    assert not np.any(result.object_id >= ObjectId.FIRST_PIPE)


def test_trench_may_have_a_side_arm():
    scene = quiet()
    arm = Trench(vertices=((2.5, 0.0), (2.5, 1.5)), depth_m=scene.trenches[0].depth_m)
    result = scan(scene.model_copy(update={"trenches": (*scene.trenches, arm)}))
    site = to_site(scene, result.xyz)
    in_arm = (site[:, 1] > 0.7) & (np.abs(site[:, 0] - 2.5) < 0.3) & (site[:, 2] < -1.0)
    assert in_arm.sum() > 20


def test_sheet_piles_fold_the_walls():
    result = scan(quiet(trench={"walls": "sheet_pile", "batter": 0.0}, points=20_000))
    wall = to_site(result.truth.scene, result.xyz)[result.object_id == ObjectId.WALL]
    side = np.abs(wall[(wall[:, 0] > 0.5) & (wall[:, 0] < 4.5)][:, 1])
    assert np.ptp(side) > 0.12


def test_a_scanner_that_sees_nothing_is_named():
    away = (Pass(stations=((100.0, 0.0, 1.5), (101.0, 0.0, 1.5))),)
    with pytest.raises(UsageError, match="pass 1 sees nothing"):
        scan(quiet(scanner={"passes": away, "device": "spinning", "max_range_m": 5.0}))


def test_uncatalogued_size_is_named():
    with pytest.raises(UsageError, match="nearest"):
        presets.trench("DIP", 160)


def test_pipe_without_catalogue_entry():
    odd = Pipe(outer_diameter_m=0.2, role=Role.UNKNOWN, vertices=((0.5, 0.2, 0.9), (4.0, 0.2, 0.9)))
    scene = quiet(further_pipes=[odd], width_m=1.1, offset_m=-0.2)
    result = scan(scene)
    assert result.truth.pipes[1].outer_diameter_m == pytest.approx(0.2)
    barrel = np.abs(off_barrel(result, 1)[0])
    assert np.quantile(barrel, 0.9) < 1e-4  # the rest lies on its open ends


def test_unknown_preset_option_is_refused():
    with pytest.raises(ValueError, match="noize"):
        presets.trench(noize=1)
    assert TrenchPreset().nominal_mm == 150
