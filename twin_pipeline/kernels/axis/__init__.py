"""Fit a tube's axis to oriented surface patches and follow it.

Frame: local, metres. A patch on a tube of radius R lies at `axis + R * normal`, so that the axis
and R follow from a linear regression of the patches' positions on their normals.
"""

from twin_pipeline.kernels.axis.around import patches_in_ball, perpendicular_frame, take_around
from twin_pipeline.kernels.axis.follow import follow_axis
from twin_pipeline.kernels.axis.free import is_hollow, support_left
from twin_pipeline.kernels.axis.refine import gauss_axis, refine_axis, refine_seeds, vote_axis
from twin_pipeline.kernels.axis.support import (
    ARC_BINS,
    VOXELS_PER_AREA,
    crossed_for_each,
    thinness,
    tube_support,
)

__all__ = [
    "ARC_BINS",
    "VOXELS_PER_AREA",
    "crossed_for_each",
    "follow_axis",
    "gauss_axis",
    "is_hollow",
    "patches_in_ball",
    "perpendicular_frame",
    "refine_axis",
    "refine_seeds",
    "support_left",
    "take_around",
    "thinness",
    "tube_support",
    "vote_axis",
]
