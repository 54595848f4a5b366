import numpy as np

from twin_pipeline.geometry.squeeze import Squeeze

ALONG = np.array([0.6, 0.8, 0.0])
XYZ = np.random.default_rng(1).normal(0.0, 5.0, (200, 3))


def test_lengths_along_shrink_and_those_across_stay():
    squeezed = Squeeze(ALONG, 8.0).apply(XYZ)
    assert np.allclose(squeezed @ ALONG, XYZ @ ALONG / 8.0)
    across = np.eye(3) - np.outer(ALONG, ALONG)
    assert np.allclose(squeezed @ across, XYZ @ across)


def test_undone_all_is_where_it_was():
    squeeze = Squeeze(ALONG, 8.0)
    assert np.allclose(squeeze.undo(squeeze.apply(XYZ)), XYZ)


def test_a_tube_along_it_stays_a_tube_of_the_same_radius():
    t = np.linspace(0.0, 20.0, 500)
    ring = np.column_stack([-0.8 * np.cos(t), 0.6 * np.cos(t), np.sin(t)]) * 0.03
    squeezed = Squeeze(ALONG, 8.0).apply(t[:, None] * ALONG + ring)
    radial = squeezed - (squeezed @ ALONG)[:, None] * ALONG
    assert np.allclose(np.linalg.norm(radial, axis=1), 0.03)
