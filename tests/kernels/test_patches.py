import numpy as np

from twin_pipeline.kernels.adjust.patches import section_moments


def test_moments_are_those_of_the_partners_within_reach():
    rng = np.random.default_rng(2)
    places, partners = rng.normal(size=(50, 3)), rng.normal(size=(300, 3))
    partners = partners[np.argsort(partners[:, 0])]
    first = np.searchsorted(partners[:, 0], places[:, 0] - 0.7)
    last = np.searchsorted(partners[:, 0], places[:, 0] + 0.7)
    found = section_moments(places, partners.T.copy(), first, last, 0.7)
    for place, moments in zip(places, found, strict=True):
        off = partners - place
        u, v = off[np.linalg.norm(off, axis=1) <= 0.7, 1:].T
        expected = [len(u), u.sum(), v.sum(), (u * u).sum(), (u * v).sum(), (v * v).sum()]
        np.testing.assert_allclose(moments, expected, atol=1e-12)
