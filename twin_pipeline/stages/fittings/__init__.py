"""What is on a pipe beside its barrel: bends and joints."""

from typing import TYPE_CHECKING

from twin_pipeline.deferred import deferred

if TYPE_CHECKING:
    from twin_pipeline.stages.fittings.at_ends import over_end_sockets
    from twin_pipeline.stages.fittings.bends import find_bends
    from twin_pipeline.stages.fittings.corners import Bend
    from twin_pipeline.stages.fittings.joints import Joint, find_joints
    from twin_pipeline.stages.fittings.options import FittingsOptions
else:
    __getattr__ = deferred(
        __name__,
        {
            "Bend": "corners",
            "find_bends": "bends",
            "Joint": "joints",
            "find_joints": "joints",
            "FittingsOptions": "options",
            "over_end_sockets": "at_ends",
        },
    )

__all__ = ["Bend", "FittingsOptions", "Joint", "find_bends", "find_joints", "over_end_sockets"]
