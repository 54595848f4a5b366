import numpy as np
import pytest

from twin_pipeline.stages.measure.medians import median, median_of_filled

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("count", [1, 2, 3, 36, 101])
def test_a_median_is_that_of_numpy_to_the_last_bit(count):
    values = RNG.normal(size=count)
    assert median(values) == np.median(values)


def test_medians_of_rows_leave_out_zeros():
    counts = RNG.poisson([[0.0], [0.2], [1.0], [40.0]], (4, 36))
    expected = [np.median(row[row > 0]) if row.any() else 0.0 for row in counts]
    assert median_of_filled(counts).tolist() == expected
