"""Where something else hides a tube; `test_climbing` has where its axis climbs over that."""

import numpy as np
import pytest

from twin_pipeline.kernels.adjust import hidden

NODES, PER_NODE = 60, 40
RADIUS_M, NOISE_M, STEP_M = 0.1, 0.004, 0.05


class _Points:
    """As many points around each node, seen from the axis."""

    def __init__(self, seed: int, per_node: int = PER_NODE) -> None:
        rng = np.random.default_rng(seed)
        count = NODES * per_node
        self.node = np.repeat(np.arange(NODES), per_node)
        self.angle = rng.uniform(0.0, np.pi, count)
        self.residual = rng.normal(0.0, NOISE_M, count)
        self.chainage = STEP_M * self.node
        self.keep = np.ones(count, bool)

    def standing(self) -> tuple[np.ndarray, np.ndarray]:
        """Return which nodes stand out, and within."""
        count = len(self.node)
        return hidden.standing(
            self.node, np.ones(count), self.chainage, self.residual, self.keep, NODES, RADIUS_M,
            NOISE_M,
        )  # fmt: skip


@pytest.mark.parametrize("per_node", [3, 40, 400])
def test_nothing_stands_out_of_a_sound_barrel(per_node):
    out, within = _Points(1, per_node).standing()
    assert not (out | within).any()


@pytest.mark.parametrize("off_m", [0.02, -0.02])
def test_what_stands_out_or_lies_within_is_told(off_m):
    points = _Points(2)
    points.residual[np.abs(points.node - 30) < 3] += off_m
    out, within = points.standing()
    found, other = (out, within) if off_m > 0.0 else (within, out)
    assert found[28:33].all()
    assert not found[:25].any()
    assert not found[36:].any()
    assert not other.any()


def test_what_is_no_part_of_the_tube_may_stand_out_but_nothing_lie_within():
    out, within = _Points(3), _Points(3)
    for points, off_m in ((out, 0.02), (within, -0.02)):
        aside = (np.abs(points.node - 30) < 3) & (points.angle < 0.5 * np.pi)
        points.residual[aside] += off_m
        points.keep[aside] = False
    assert not np.any(out.standing())
    assert within.standing()[1][29:32].all()


def test_the_arc_is_that_of_the_sectors_with_points():
    points = _Points(4)
    weights = np.where(points.node < 40, 1.0, 0.0)
    arc, own, usual = hidden.seen_arcs(points.node, points.angle, weights, NODES, STEP_M, RADIUS_M)
    assert usual == PER_NODE
    assert own.tolist() == [PER_NODE] * 40 + [0.0] * 20
    assert arc[5:35] == pytest.approx(180.0, abs=10.0)
    assert not arc[45:].any()


def test_without_points_nothing_is_seen():
    points = _Points(5)
    weights = np.zeros(len(points.node))
    arc, own, usual = hidden.seen_arcs(points.node, points.angle, weights, NODES, STEP_M, RADIUS_M)
    assert (arc.any(), own.any(), usual) == (False, False, 0.0)
