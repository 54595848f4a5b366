"""Scans of any size: the sample repeated side by side, each time with noise of its own."""

from pathlib import Path

import laspy
import numpy as np

SAMPLE = Path(__file__).parents[2] / "sample_data" / "trench_tokyo.laz"

ACROSS_COUNTS, ALONG_COUNTS = 12_000, 30_000
"""Distance of one repetition to the next, in counts of a millimetre."""


def write_scan(path: Path, points: int) -> None:
    """Write a LAS or LAZ file, as the name says, of so many points."""
    sample = laspy.read(SAMPLE)
    rng = np.random.default_rng(1)
    header = laspy.LasHeader(point_format=sample.point_format.id, version="1.2")
    header.scales, header.offsets = sample.header.scales, sample.header.offsets
    header.vlrs.extend(sample.header.vlrs)
    repetitions = -(-points // len(sample.points))
    rows = max(1, round((repetitions / 4) ** 0.5))
    left = points
    with laspy.open(path, "w", header=header) as writer:
        for number in range(repetitions):
            held = sample.points.array[:left].copy()
            held["X"] += number // rows * ALONG_COUNTS
            held["Y"] += number % rows * ACROSS_COUNTS
            for axis in "XYZ":
                held[axis] += rng.integers(-2, 3, len(held), dtype=np.int32)
            writer.write_points(laspy.PackedPointRecord(held, sample.point_format))
            left -= len(held)
