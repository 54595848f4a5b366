import numpy as np
import pytest

from twin_pipeline.stages.measure.medians import median

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("count", [1, 2, 3, 36, 101])
def test_a_median_is_that_of_numpy_to_the_last_bit(count):
    values = RNG.normal(size=count)
    assert median(values) == np.median(values)
