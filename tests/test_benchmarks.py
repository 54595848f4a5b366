"""What the benchmarks count; how long anything takes is no matter of tests."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.rival import _outcome
from benchmarks.scaling import _trench
from twin_pipeline.model import FloatArray
from twin_pipeline.synthetic import presets, scan


@dataclass(frozen=True)
class Line:
    """A pipe as any program may have found it."""

    centreline: FloatArray
    outer_diameter_m: float


@pytest.fixture(scope="module")
def truth():
    return scan(presets.trench("DIP", 150, length_m=4.0, points=100_000)).truth


def test_the_true_pipe_is_found_whole_and_without_error(truth):
    main_pipe = truth.pipes[0]
    outcome = _outcome([Line(main_pipe.centreline, main_pipe.outer_diameter_m)], truth, None)
    assert outcome.recalls == (1.0,)
    assert outcome.errors_m == (0.0,)
    assert outcome.pieces == 1
    assert outcome.false_m == 0.0


def test_half_a_pipe_is_half_found_and_what_lies_beside_it_is_false(truth):
    line = truth.pipes[0].centreline
    half = line[: len(line) // 2]
    beside = line + np.array([0.0, 0.5, 0.0])
    found = [Line(half, 0.17), Line(beside, 0.17)]
    outcome = _outcome(found, truth, None)
    assert outcome.recalls[0] == pytest.approx(0.5, abs=0.1)
    assert outcome.errors_m[0] == pytest.approx(0.17 - truth.pipes[0].outer_diameter_m)
    assert outcome.false_m == pytest.approx(truth.pipes[0].length_m, abs=0.1)


def test_all_that_is_found_where_nothing_is_is_false():
    nothing = SimpleNamespace(pipes=())
    line = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    assert _outcome([Line(line, 0.1)], nothing, None).false_m == pytest.approx(2.0)


def test_a_longer_trench_is_made_of_pieces_end_to_end():
    piece = np.column_stack([np.linspace(5.0, 14.999, 1000), np.zeros(1000), np.zeros(1000)])
    cloud = _trench(piece, 2500)
    assert len(cloud) == 2500
    assert np.all(np.diff(cloud.xyz[:, 0]) > 0.0)
    assert cloud.xyz[-1, 0] == pytest.approx(30.0, abs=0.02)


def test_an_unknown_benchmark_is_wrong_usage(capsys):
    assert main(["nonsense"]) == 2
    assert "rival" in capsys.readouterr().err


def test_cgal_s_finds_are_read_back_and_refitted():
    pytest.importorskip("CGAL", reason="pip install 'twin-pipeline[benchmark]'")
    from benchmarks.efficient_ransac import cylinders_in

    rng = np.random.default_rng(5)
    along, angle = rng.uniform(0.0, 2.0, 12_000), rng.uniform(0.0, np.pi, 12_000)
    radius = 0.1 + rng.normal(0.0, 0.002, 12_000)
    points = np.column_stack([along, radius * np.cos(angle), radius * np.sin(angle)])
    raw, refitted, _ = cylinders_in(points)
    assert len(raw) == len(refitted) > 0
    best = max(refitted, key=lambda one: np.ptp(one.centreline[:, 0]))
    assert best.outer_diameter_m == pytest.approx(0.2, abs=0.002)
    assert np.ptp(best.centreline[:, 0]) == pytest.approx(2.0, abs=0.1)
    assert np.abs(best.centreline[:, 1:]).max() < 0.003
