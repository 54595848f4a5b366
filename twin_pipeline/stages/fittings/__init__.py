"""What is on a pipe beside its barrel: bends and joints."""

from twin_pipeline.stages.fittings.bends import Bend, find_bends
from twin_pipeline.stages.fittings.joints import Joint, find_joints
from twin_pipeline.stages.fittings.options import FittingsOptions

__all__ = ["Bend", "FittingsOptions", "Joint", "find_bends", "find_joints"]
