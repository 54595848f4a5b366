"""Units that columns can be given in."""

FACTORS = {"m": ("length", 1.0), "cm": ("length", 0.01), "mm": ("length", 0.001),
           "1": ("share", 1.0), "%": ("share", 0.01)}  # fmt: skip
"""By unit, what it measures and how much of the basic unit it is."""


def factor(given: str, wanted: str) -> float | None:
    """Return what numbers in `given` are multiplied by; None where they can't be in `wanted`."""
    if given == wanted:
        return 1.0
    if given not in FACTORS or wanted not in FACTORS:
        return None
    (kind, size), (wanted_kind, wanted_size) = FACTORS[given], FACTORS[wanted]
    return size / wanted_size if kind == wanted_kind else None
