"""The whole method on small ray-cast scans, held against what they were made from."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely
from stages.made import bent, plane_points, straight, tube_points

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.extraction import Extraction, extract
from twin_pipeline.model import FloatArray, Pipe, PointCloud, PointLabel, Role
from twin_pipeline.stages.nominal import NominalOptions
from twin_pipeline.synthetic import ObjectId, PipeTruth, Scan, presets, scan
from twin_pipeline.synthetic.bodies import Strut

DIAMETER_TOLERANCE_M = 0.003
POSITION_TOLERANCE_M = 0.010
COVER_TOLERANCE_M = 0.010
LENGTH_M = 6.0
FAR = np.array([-12_818.761, -34_428.095, 31.4])

STRUTS = (Strut(chainage_m=2.0), Strut(chainage_m=4.0))
SCENES = {
    "straight": lambda: presets.trench("DIP", 150, length_m=LENGTH_M, points=250_000),
    "mound": lambda: presets.trench(
        "HPPE", 100, length_m=LENGTH_M, points=250_000, mounds=((2.5, 0.6),), seed=2
    ),
    "bend": lambda: presets.trench(
        "DIP", 150, length_m=7.0, bends=((3.5, 45.0),), points=300_000, seed=3
    ),
    "crossing": lambda: presets.crossing(
        ("DIP", 150), ("SP", 100), length_m=LENGTH_M, chainage_m=3.0, points=250_000, seed=4
    ),
    "struts": lambda: presets.trench(
        "VP", 75, length_m=LENGTH_M, bodies=STRUTS, points=250_000, seed=5
    ),
    "empty": lambda: presets.empty(length_m=5.0, points=250_000, seed=6),
}
MATERIALS = {"straight": "DIP", "mound": "HPPE", "bend": "DIP", "struts": "VP"}
WITH_PIPES = [name for name in SCENES if name != "empty"]


@dataclass(frozen=True)
class Case:
    """A scan and what was found in it."""

    scan: Scan
    found: Extraction

    def pairs(self) -> list[tuple[Pipe, PipeTruth]]:
        """Each found pipe with the true one that its middle is nearest to."""
        return [
            (pipe, min(self.scan.truth.pipes, key=away_from(pipe))) for pipe in self.found.pipes
        ]


def away_from(pipe: Pipe):
    middle = pipe.centreline[len(pipe.centreline) // 2]
    return lambda truth: np.linalg.norm(truth.centreline - middle, axis=1).min()


def found_in(xyz: FloatArray, material: str | None = None, stage=lambda _: nullcontext()):
    """What is found when coordinates are as they come, far from zero or not."""
    origin = np.floor(xyz.mean(axis=0))
    config = Config(nominal=NominalOptions(material=material))
    return extract(PointCloud(xyz - origin, origin), config, load_catalogue(), stage)


@pytest.fixture(scope="module")
def case() -> Callable[[str], Case]:
    """Return a function that scans a scene and extracts its pipes, once for all tests."""

    @cache
    def scanned(name: str) -> Case:
        made = scan(SCENES[name]())
        return Case(made, found_in(made.xyz, MATERIALS.get(name)))

    return scanned


def plan(truth: PipeTruth) -> shapely.LineString:
    return shapely.LineString(truth.centreline[:, :2])


def at_places(truth: PipeTruth, values: FloatArray, places: FloatArray) -> FloatArray:
    """Interpolate values (K,) along the true pipe to where places (S, 3) are nearest to it."""
    steps = np.linalg.norm(np.diff(truth.centreline[:, :2], axis=0), axis=1)
    along = shapely.line_locate_point(plan(truth), shapely.points(places[:, :2]))
    return np.interp(along, np.concatenate(([0.0], np.cumsum(steps))), values)


def points_of_fittings(pipe: Pipe, kind: str) -> FloatArray:
    return np.array([f.position for f in pipe.fittings if f.kind.value == kind]).reshape(-1, 3)


@pytest.mark.parametrize("name", WITH_PIPES)
def test_every_pipe_is_found_once_and_whole(case, name):
    one = case(name)
    assert len(one.found.pipes) == len(one.scan.truth.pipes)
    assert len({truth.object_id for _, truth in one.pairs()}) == len(one.found.pipes)
    main, truth = one.pairs()[0]
    in_trench_m = truth.length_m - 2 * presets.BEYOND_M
    assert main.length_m == pytest.approx(in_trench_m, abs=0.25)


@pytest.mark.parametrize("name", WITH_PIPES)
def test_diameters_are_right_and_their_sigmas_honest(case, name):
    for pipe, truth in case(name).pairs():
        error_m = pipe.outer_diameter_m - truth.outer_diameter_m
        assert abs(error_m) < DIAMETER_TOLERANCE_M
        assert abs(error_m) < 4 * pipe.outer_diameter_std_m
        assert pipe.outer_diameter_std_m < DIAMETER_TOLERANCE_M


@pytest.mark.parametrize("name", WITH_PIPES)
def test_axes_are_right_at_every_vertex(case, name):
    """Also where a mound hides the pipe and in the bend."""
    for pipe, truth in case(name).pairs():
        aside = shapely.distance(plan(truth), shapely.points(pipe.centreline[:, :2]))
        true_z = at_places(truth, truth.centreline[:, 2], pipe.centreline)
        assert aside.max() < POSITION_TOLERANCE_M
        assert np.abs(pipe.centreline[:, 2] - true_z).max() < POSITION_TOLERANCE_M
        assert pipe.position_std_h_m < POSITION_TOLERANCE_M
        assert pipe.position_std_v_m < POSITION_TOLERANCE_M


@pytest.mark.parametrize("name", WITH_PIPES)
def test_covers_are_right_and_their_sigmas_honest(case, name):
    for pipe, truth in case(name).pairs():
        stations = pipe.stations
        error_m = stations.cover_m - at_places(truth, truth.cover_m, stations.centre)
        assert np.abs(error_m).max() < COVER_TOLERANCE_M
        assert np.all(np.abs(error_m) < 4 * stations.cover_std_m)
        assert pipe.cover_std_m < COVER_TOLERANCE_M


@pytest.mark.parametrize("name", WITH_PIPES)
def test_roles_are_right_and_the_main_comes_first(case, name):
    one = case(name)
    assert [(pipe.pipe_id, pipe.role) for pipe in one.found.pipes] == [
        (f"P{number:02d}", Role(truth.role)) for number, (_, truth) in enumerate(one.pairs(), 1)
    ]
    assert one.found.pipes[0].role is Role.MAIN


@pytest.mark.parametrize("name", MATERIALS)
def test_nominal_diameters_are_right_for_the_material_given(case, name):
    for pipe, truth in case(name).pairs():
        assert (pipe.material, pipe.nominal_diameter_mm) == (
            truth.material,
            truth.nominal_diameter_mm,
        )


def test_without_a_material_none_is_stated(case):
    for pipe, truth in case("crossing").pairs():
        assert pipe.material is None
        assert pipe.nominal_diameter_mm in {None, truth.nominal_diameter_mm}


@pytest.mark.parametrize("name", WITH_PIPES)
def test_points_of_pipes_are_labelled_in_file_order(case, name):
    one = case(name)
    labels = one.found.point_labels
    for number, (_, truth) in enumerate(one.pairs()):
        labelled = labels == PointLabel.FIRST_PIPE + number
        on_pipe = one.scan.object_id == truth.object_id
        assert (labelled & on_pipe).sum() > 0.85 * on_pipe.sum()
        assert (labelled & on_pipe).sum() > 0.7 * labelled.sum()


@pytest.mark.parametrize("name", SCENES)
def test_points_of_pavement_and_excavation_are_labelled(case, name):
    one = case(name)
    labels, on = one.found.point_labels, one.scan.object_id
    assert (labels[on == ObjectId.PAVEMENT] == PointLabel.GROUND).mean() > 0.9
    assert (labels[on == ObjectId.FLOOR] == PointLabel.TRENCH).mean() > 0.9
    assert (labels[on == ObjectId.PAVEMENT] >= PointLabel.FIRST_PIPE).sum() == 0


@pytest.mark.parametrize("name", ["straight", "bend"])
def test_sockets_are_found_where_they_are(case, name):
    ((pipe, truth),) = case(name).pairs()
    true_joints = np.column_stack(
        [np.interp(truth.joints_m, truth.chainage_m, column) for column in truth.centreline.T]
    )
    found = points_of_fittings(pipe, "joint")
    distance = np.linalg.norm(true_joints[:, None] - found[None], axis=2)
    assert distance.min(axis=1).max() < 0.06
    assert distance.min(axis=0).max() < 0.06


def test_the_bend_has_its_standard_angle_at_its_place(case):
    ((pipe, truth),) = case("bend").pairs()
    (bend,) = [fitting for fitting in pipe.fittings if fitting.kind.value == "bend"]
    (true_bend,) = truth.bends
    assert bend.angle_deg == pytest.approx(abs(true_bend.angle_deg), abs=1.0)
    assert bend.catalogue_angle_deg == 45.0
    place = [
        np.interp(true_bend.chainage_m, truth.chainage_m, column) for column in truth.centreline.T
    ]
    assert np.linalg.norm(np.array(bend.position) - place) < 0.1


def test_straight_pipes_have_no_bends(case):
    for name in ("straight", "mound", "crossing", "struts"):
        for pipe in case(name).found.pipes:
            assert len(points_of_fittings(pipe, "bend")) == 0


def test_what_a_mound_hides_is_interpolated_and_said_so(case):
    ((pipe, truth),) = case("mound").pairs()
    middle = np.interp(2.5 + presets.BEYOND_M, truth.chainage_m, truth.centreline[:, 0])
    hidden = np.abs(pipe.stations.centre[:, 0] - middle) < 0.2
    assert not pipe.stations.observed[hidden].any()
    assert 0.05 < 1.0 - pipe.observed_fraction < 0.3


def test_struts_are_no_pipes(case):
    one = case("struts")
    on_strut = one.scan.object_id >= ObjectId.FIRST_BODY
    assert on_strut.sum() > 1_000
    assert (one.found.point_labels[on_strut] >= PointLabel.FIRST_PIPE).sum() == 0


def test_an_empty_excavation_holds_no_pipe(case):
    one = case("empty")
    assert one.found.pipes == ()
    assert (one.found.point_labels < PointLabel.FIRST_PIPE).all()
    assert one.found.ground is not None
    assert len(one.found.ground.outlines) == 1


def test_numbers_are_the_same_near_and_far_from_zero(case):
    near = case("straight").found.pipes[0]
    far = found_in(case("straight").scan.xyz + FAR, "DIP").pipes[0]
    assert far.outer_diameter_m == pytest.approx(near.outer_diameter_m, abs=1e-4)
    assert far.outer_diameter_std_m == pytest.approx(near.outer_diameter_std_m, rel=0.05)
    assert far.cover_mean_m == pytest.approx(near.cover_mean_m, abs=5e-4)
    assert far.length_m == pytest.approx(near.length_m, abs=0.005)
    assert far.centreline - FAR == pytest.approx(near.centreline, abs=1e-3)


AGAIN = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
import numpy as np
from test_extraction import digest, found_in
print(json.dumps(digest(found_in(np.load(sys.argv[2]), "DIP"))))
"""


def digest(found: Extraction) -> dict:
    """All numbers of an extraction, to the last bit."""
    return {
        "pipes": [
            [pipe.outer_diameter_m, pipe.outer_diameter_std_m, pipe.length_m, pipe.cover_mean_m]
            for pipe in found.pipes
        ],
        "centrelines": [pipe.centreline.tolist() for pipe in found.pipes],
        "fittings": [[list(f.position) for f in pipe.fittings] for pipe in found.pipes],
        "labels": np.bincount(found.point_labels).tolist(),
    }


def test_numbers_are_the_same_on_one_core_with_one_thread(case, tmp_path):
    one = case("straight")
    np.save(tmp_path / "xyz.npy", one.scan.xyz)
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, str(Path(__file__).parent), str(tmp_path / "xyz.npy")],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(json.dumps(digest(one.found)))


def test_a_bare_tube_without_ground_has_no_role_and_no_cover():
    rng = np.random.default_rng(1)
    points = tube_points(straight(3.0), 0.059, rng, noise_m=0.003)
    (pipe,) = found_in(points).pipes
    assert pipe.role is Role.UNKNOWN
    assert pipe.cover_mean_m is None
    assert pipe.outer_diameter_m == pytest.approx(0.118, abs=DIAMETER_TOLERANCE_M)


def test_a_branch_that_shows_little_but_its_neck_is_found_and_tells_a_tee():
    rng = np.random.default_rng(3)
    main_m, neck_m, branch_m = 0.11, 0.058, 0.033
    way = straight(0.36, (1.5, 0.0, 0.0), heading_deg=90.0)
    neck, beyond = way[way[:, 1] < main_m + 0.07], way[way[:, 1] > main_m + 0.015]
    parts = ((straight(3.0), main_m), (neck, neck_m), (beyond, branch_m))
    points = np.vstack([tube_points(line, r, rng, noise_m=0.005) for line, r in parts])
    main, branch = found_in(points).pipes
    assert branch.outer_diameter_m == pytest.approx(
        2.0 * branch_m, abs=3.0 * branch.outer_diameter_std_m
    )
    assert branch.length_m == pytest.approx(0.25, abs=0.03)
    (tee,) = points_of_fittings(main, "tee")
    assert tee[0] == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize(("branch_m", "arc_deg"), [(0.05, 120.0), (0.07, 100.0)])
def test_a_short_branch_is_found_that_shows_beyond_its_neck_alone(branch_m, arc_deg):
    """The thicker one is followed before its main, of which less is seen."""
    rng = np.random.default_rng(9)
    main_m, beyond_m, length_m = 0.2, 0.2, 0.2 + 1.2 * (branch_m - 0.02)
    way = straight(length_m, (1.5, main_m + beyond_m, 0.0), heading_deg=90.0)
    points = np.vstack(
        [
            tube_points(straight(3.0), main_m, rng, noise_m=0.003, per_m2=6000.0, arc_deg=arc_deg),
            tube_points(way, branch_m, rng, noise_m=0.003, arc_deg=160.0),
        ]
    )
    main, branch = found_in(points).pipes
    assert branch.outer_diameter_m == pytest.approx(
        2.0 * branch_m, abs=3.0 * branch.outer_diameter_std_m
    )
    assert branch.length_m == pytest.approx(beyond_m + length_m, abs=0.04)
    (tee,) = points_of_fittings(main, "tee")
    assert tee[0] == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_pieces_on_either_side_of_a_sharp_bend_are_one_pipe(seed):
    """Following may stop in the bend; joining then makes the pieces whole."""
    axis = bent(2.0, 90.0, 0.6, 2.0, step_m=0.01)
    points = tube_points(axis, 0.085, np.random.default_rng(seed), noise_m=0.003, arc_deg=160.0)
    (pipe,) = found_in(points).pipes
    assert pipe.length_m == pytest.approx(4.0 + 0.3 * np.pi, abs=0.1)
    assert pipe.outer_diameter_m == pytest.approx(0.17, abs=DIAMETER_TOLERANCE_M)


def test_a_short_end_of_a_thick_pipe_beyond_a_hidden_bend_belongs_to_it():
    """It is shorter than what is believed on its own."""
    axis = bent(1.0, 45.0, 0.8, 4.0, step_m=0.01)
    rng = np.random.default_rng(1)
    points = tube_points(axis, 0.264, rng, noise_m=0.008, arc_deg=150.0)
    hidden = (points[:, 0] > 1.0) & (points[:, 0] < 1.65)
    (pipe,) = found_in(points[~hidden]).pipes
    assert pipe.length_m == pytest.approx(5.0 + 0.2 * np.pi, abs=0.1)


def test_pieces_beside_a_long_hidden_stretch_stay_two_pipes():
    points = tube_points(straight(8.0), 0.085, np.random.default_rng(2), noise_m=0.003)
    apart = points[(points[:, 0] < 2.5) | (points[:, 0] > 5.5)]
    assert [pipe.length_m for pipe in found_in(apart).pipes] == pytest.approx([2.5, 2.5], abs=0.1)


@pytest.mark.parametrize(("radius_m", "length_m"), [(0.16, 6.0), (0.3154, 8.0)])
def test_a_floor_right_below_leads_no_tube_astray(radius_m, length_m):
    """Where it runs on below the tube, its normals are those of a wider tube's invert."""
    rng = np.random.default_rng(4)
    tube = tube_points(
        straight(length_m), radius_m, rng, arc_deg=150.0, per_m2=4_000.0, noise_m=0.003
    )
    floor = plane_points((0.0, -0.6), (length_m, 0.6), -radius_m - 0.05, rng, per_m2=2_000.0)
    (pipe,) = found_in(np.concatenate([tube, floor])).pipes
    assert pipe.length_m == pytest.approx(length_m, abs=0.1)
    assert pipe.outer_diameter_m == pytest.approx(2.0 * radius_m, abs=DIAMETER_TOLERANCE_M)


@pytest.mark.parametrize(("radius_m", "behind_m"), [(0.0845, 0.059), (0.0845, 0.09)])
def test_a_pipe_that_goes_on_with_another_diameter_is_two(radius_m, behind_m):
    rng = np.random.default_rng(4)
    cone_m = np.linspace(0.0, 0.3, 31)
    radii = np.interp(cone_m, [0.0, 0.3], [radius_m, behind_m])
    parts = [
        tube_points(straight(length, (at, 0.0, 0.0)), radius, rng, noise_m=0.003)
        for at, length, radius in ((0.0, 4.0, radius_m), (4.3, 3.5, behind_m))
    ]
    parts += [
        tube_points(straight(0.05, (4.0 + at, 0.0, 0.0)), radius, rng, noise_m=0.003)[::5]
        for at, radius in zip(cone_m[:-5], radii, strict=False)
    ]
    pipes = sorted(found_in(np.concatenate(parts)).pipes, key=lambda pipe: -pipe.length_m)
    assert len(pipes) == 2
    for pipe, true_m, ends in zip(
        pipes, (radius_m, behind_m), ((0.0, 4.0), (4.3, 7.8)), strict=True
    ):
        off_m = abs(pipe.outer_diameter_m - 2.0 * true_m)
        assert off_m < min(0.002, 3.0 * pipe.outer_diameter_std_m)
        assert np.sort(pipe.centreline[[0, -1], 0]) == pytest.approx(ends, abs=0.6)


@pytest.mark.parametrize("radius_m", [0.0845, 0.11])
def test_coordinates_rounded_to_a_centimetre_cost_no_pipe(radius_m):
    rng = np.random.default_rng(9)
    tube = tube_points(straight(6.0, heading_deg=12.0), radius_m, rng, noise_m=0.003)
    found = found_in(np.round(tube + FAR, 2))
    (pipe,) = found.pipes
    assert pipe.length_m == pytest.approx(6.0, abs=0.1)
    assert abs(pipe.outer_diameter_m - 2.0 * radius_m) < 2.5 * pipe.outer_diameter_std_m
    assert pipe.outer_diameter_std_m < 0.003
    assert any("rounded to 10 mm" in warning for warning in found.warnings)


def test_the_axis_does_not_climb_a_ridge_that_hides_the_pipe():
    """Its crest is sharper than the barrel: what lies at its flanks would lie within the pipe."""
    rng = np.random.default_rng(5)
    tube = tube_points(straight(8.0), 0.0625, rng, arc_deg=200.0, per_m2=4_000.0, noise_m=0.003)
    along, across = rng.uniform((3.0, -0.1), (4.4, 0.1), (1_100, 2)).T
    bulge = 1.0 - 0.5 * ((along - 3.7) / 0.7) ** 2 - 90.0 * across**2
    ridge = np.column_stack([along, across, -0.1125 + 0.235 * np.clip(bulge, 0.0, 1.0)])
    ridge += rng.normal(0.0, 0.003, ridge.shape)
    seen = tube[(tube[:, 0] < 3.0) | (tube[:, 0] > 4.4)]
    pipes = found_in(np.concatenate([seen, ridge])).pipes
    main = max(pipes, key=lambda pipe: pipe.length_m)
    assert main.length_m == pytest.approx(8.0, abs=0.1)
    assert np.abs(main.centreline[:, 2]).max() < 0.01
    assert not main.fittings


def test_stages_are_announced_in_their_order():
    begun = []

    @contextmanager
    def stage(name):
        begun.append(name)
        yield

    rng = np.random.default_rng(3)
    found_in(tube_points(straight(1.0), 0.059, rng, noise_m=0.003), stage=stage)
    assert begun == ["prepare", "ground", "detect", "measure", "classify"]
