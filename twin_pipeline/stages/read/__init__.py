"""Reads scans: LAS 1.0 to 1.4 and LAZ, whatever state they are in, and rewrites others as LAS.

Every file either yields its points or one `InputError` that says what is wrong; headers are
checked against the file's true size before anything is allocated on their word.
"""

from twin_pipeline.stages.read.content import repeated_fraction
from twin_pipeline.stages.read.convert import convert, needs_conversion
from twin_pipeline.stages.read.describe import describe_scan
from twin_pipeline.stages.read.info import ScanInfo, inspect_scan, sha256_of
from twin_pipeline.stages.read.options import ReadOptions
from twin_pipeline.stages.read.points import DIMENSIONS, point_count, read_chunks, read_cloud
from twin_pipeline.stages.read.whole import what_lacks

__all__ = [
    "DIMENSIONS",
    "ReadOptions",
    "ScanInfo",
    "convert",
    "describe_scan",
    "inspect_scan",
    "needs_conversion",
    "point_count",
    "read_chunks",
    "read_cloud",
    "repeated_fraction",
    "sha256_of",
    "what_lacks",
]
