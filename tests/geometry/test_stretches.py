import numpy as np
import pytest

from twin_pipeline.geometry.stretches import stretches


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], []),
        ([0, 0], []),
        ([1], [(0, 0)]),
        ([1, 1, 0, 0, 1], [(0, 1), (4, 4)]),
        ([0, 1, 1, 1, 0], [(1, 3)]),
    ],
)
def test_each_run_of_true_is_given_by_its_first_and_last_index(flags, expected):
    assert stretches(np.array(flags, bool)) == expected
