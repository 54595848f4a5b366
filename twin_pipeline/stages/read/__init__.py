"""Reads scans: LAS 1.0 to 1.4 and LAZ, whatever state they are in, and rewrites others as LAS.

Every file either yields its points or one `InputError` that says what is wrong; headers are
checked against the file's true size before anything is allocated on their word.
"""

from typing import TYPE_CHECKING

from twin_pipeline.deferred import deferred

if TYPE_CHECKING:
    from twin_pipeline.stages.read.content import repeated_fraction
    from twin_pipeline.stages.read.conversion import convert, needs_conversion
    from twin_pipeline.stages.read.describe import describe_scan
    from twin_pipeline.stages.read.info import ScanInfo, inspect_scan, sha256_of
    from twin_pipeline.stages.read.options import ReadOptions
    from twin_pipeline.stages.read.points import (
        DIMENSIONS,
        ScanPoints,
        point_count,
        read_chunks,
        read_cloud,
        read_points,
        read_used_chunks,
    )
    from twin_pipeline.stages.read.whole import what_lacks
    from twin_pipeline.stages.read.withheld import Withheld
else:
    __getattr__ = deferred(
        __name__,
        {
            "repeated_fraction": "content",
            "convert": "conversion",
            "needs_conversion": "conversion",
            "describe_scan": "describe",
            "ScanInfo": "info",
            "inspect_scan": "info",
            "sha256_of": "info",
            "ReadOptions": "options",
            "DIMENSIONS": "points",
            "ScanPoints": "points",
            "point_count": "points",
            "read_chunks": "points",
            "read_cloud": "points",
            "read_points": "points",
            "read_used_chunks": "points",
            "what_lacks": "whole",
            "Withheld": "withheld",
        },
    )

__all__ = [
    "DIMENSIONS",
    "ReadOptions",
    "ScanInfo",
    "ScanPoints",
    "Withheld",
    "convert",
    "describe_scan",
    "inspect_scan",
    "needs_conversion",
    "point_count",
    "read_chunks",
    "read_cloud",
    "read_points",
    "read_used_chunks",
    "repeated_fraction",
    "sha256_of",
    "what_lacks",
]
