"""How many digits a number is written with."""

import pytest

from twin_pipeline.digits import sigma


@pytest.mark.parametrize(
    ("std", "decimals", "written"),
    [
        (0.0042, 3, "0.004"),
        (0.0005, 3, "0.001"),
        (0.00049, 3, "0.0005"),
        (0.00025, 3, "0.0003"),
        (0.000012, 3, "0.00001"),
        (1.14, 1, "1.1"),
        (0.04, 1, "0.04"),
        (0.0, 3, "0.000"),
    ],
)
def test_a_sigma_never_reads_as_nothing(std: float, decimals: int, written: str) -> None:
    assert sigma(std, decimals) == written
