"""How many digits a number is written with."""

import math


def sigma(std: float, decimals: int) -> str:
    """Write a standard deviation with as many decimals as its value has.

    It gets more where that would read as if there were no error at all.
    """
    if 0.0 < std < 0.5 * 10.0**-decimals:
        decimals = math.ceil(-math.log10(std))
    return f"{std:.{decimals}f}"
