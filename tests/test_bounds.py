import numpy as np
import pytest

from twin_pipeline.bounds import bounds_of


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.uint16])
@pytest.mark.parametrize("count", [1, 1000])
def test_bounds_are_the_least_and_greatest_of_each_axis(dtype, count):
    points = np.random.default_rng(1).uniform(0, 1000, (count, 3)).astype(dtype)
    lower, upper = bounds_of(points)
    assert lower.dtype == upper.dtype == dtype
    assert lower.tolist() == points.min(axis=0).tolist()
    assert upper.tolist() == points.max(axis=0).tolist()
