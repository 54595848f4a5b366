"""What an observer of the extraction is told, and what measuring tells again on demand."""

from contextlib import nullcontext

import numpy as np
import pytest

from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import Config
from twin_pipeline.extraction import extract
from twin_pipeline.model import PointCloud
from twin_pipeline.observing import Observer
from twin_pipeline.stages.measure import explain
from twin_pipeline.synthetic import presets, scan
from twin_pipeline.synthetic.bodies import Strut

STRUTS = (Strut(chainage_m=1.5), Strut(chainage_m=3.0))


class Notes(Observer):
    """Keeps all it is told."""

    def __init__(self):
        self.tubes, self.left, self.runs, self.drifting = [], [], [], []

    def searching(self, pyramid, ground, place, searched):
        self.pyramid, self.ground, self.place, self.searched = pyramid, ground, place, searched

    def seeded(self, seeds):
        self.seeds = seeds

    def tried(self, run, tube, against, *, probe, with_drift=False):
        self.runs.append((run, tube, against, probe))
        if with_drift:
            self.drifting.append(tube)

    def left_out(self, tube, reason):
        self.left.append((tube, reason))

    def reported(self, tubes, pipes):
        self.tubes, self.pipes = list(tubes), list(pipes)


@pytest.fixture(scope="module")
def notes():
    xyz = scan(presets.trench("DIP", 100, length_m=4.5, bodies=STRUTS, points=150_000, seed=3)).xyz
    cloud = PointCloud(xyz - xyz.mean(axis=0), xyz.mean(axis=0))
    notes = Notes()
    found = extract(cloud, Config(), load_catalogue(), lambda _: nullcontext(), notes)
    notes.cloud, notes.found = cloud, found
    return notes


def run_of(notes, tube):
    """The run that a tube came from; however it was ended or doubted, one array stays its own."""
    middle = tube.middle
    given = [(run, made) for run, made, against, _ in notes.runs if made and against is None]
    return next(run for run, made in given if made.middle is middle)


def test_an_observer_is_told_what_every_stage_found(notes):
    assert len(notes.pyramid.xyz) == len(notes.cloud)
    assert len(notes.searched.xyz) == np.count_nonzero(notes.place.dug(0, len(notes.place.xyz)))
    assert notes.ground is notes.found.ground
    assert len(notes.seeds.centre) > 0
    assert tuple(notes.pipes) == notes.found.pipes
    assert len(notes.tubes) == len(notes.pipes) > 0


def test_struts_are_told_as_left_out_with_the_reason(notes):
    assert {reason for _, reason in notes.left} == {"shoring strut"}
    for tube, _ in notes.left:
        assert run_of(notes, tube).radius_m == pytest.approx(tube.radius_m, rel=0.4)


def test_every_measured_run_is_told_with_what_speaks_against_it(notes):
    for _, tube, against, _ in notes.runs:
        assert tube is not None or against
    assert any(against is None and not probe for _, _, against, probe in notes.runs)


def test_an_observed_extraction_gives_the_same_result(notes):
    alone = extract(notes.cloud, Config(), load_catalogue(), lambda _: nullcontext())
    assert np.array_equal(alone.point_labels, notes.found.point_labels)
    for pipe, again in zip(alone.pipes, notes.found.pipes, strict=True):
        assert np.array_equal(pipe.centreline, again.centreline)
        assert pipe.outer_diameter_m == again.outer_diameter_m


def test_measuring_a_tubes_run_again_tells_the_same_tube_point_by_point(notes):
    for tube in notes.tubes:
        middle = tube.middle
        settled = any(one and one.middle is middle for one in notes.drifting)
        run = run_of(notes, tube)
        fit = explain(notes.searched, run, Config().measure, with_drift=settled)
        # the tube's also holds how oval it may be, micrometres where it is round
        assert fit.radius_m == pytest.approx(tube.radius_m, abs=5e-6)
        assert fit.band_m == pytest.approx(4.0 * tube.noise_m)
        assert fit.used.sum() >= tube.points_used
        assert np.all(np.abs(fit.residual_m[fit.used]) < 1.3 * fit.band_m)
        assert np.all(fit.kept[fit.used])
        assert not fit.hidden[fit.node[fit.used]].any()
        rho = np.linalg.norm(fit.radial, axis=1)
        assert np.allclose(rho - fit.radius_m, fit.residual_m, atol=0.002)
