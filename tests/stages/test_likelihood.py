"""The search for the likeliest cross-section, one or several side by side."""

import numpy as np

from twin_pipeline.stages.blurred.likelihood import likeliest, likeliest_of
from twin_pipeline.stages.blurred.section import Layout, counted, guessed, reach_m

RADIUS_M, NOISE_M = 0.045, 0.008


def test_side_by_side_each_search_ends_where_it_does_alone():
    rng = np.random.default_rng(3)
    angle = rng.uniform(-1.5, 1.5, 4000)
    ring = RADIUS_M * np.column_stack([np.sin(angle), np.cos(angle)])
    half_m = reach_m(RADIUS_M, NOISE_M)
    soil = np.column_stack([rng.uniform(-half_m, half_m, 3000), np.full(3000, -0.02)])
    soil = soil[np.hypot(*soil.T) > RADIUS_M]
    off = np.concatenate([ring, soil])
    off += rng.normal(0.0, NOISE_M, off.shape)
    cells = counted(off, half_m, NOISE_M)
    starts = [guessed(cells, factor * RADIUS_M, NOISE_M, Layout()) for factor in (0.8, 1.0, 1.2)]
    alone = [likeliest(cells, start, 40) for start in starts]
    together = likeliest_of([(cells, start) for start in starts], 40)
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.centre, other.centre)
        assert one.radius_m == other.radius_m
        assert one.log_likelihood == other.log_likelihood
    best = max(together, key=lambda section: section.log_likelihood)
    assert abs(best.radius_m - RADIUS_M) < 0.003
