"""Follow seeds along their tube into runs, and join the pieces of one pipe."""

from twin_pipeline.stages.trace.bridging import join, join_over_corner, off_course_m
from twin_pipeline.stages.trace.following import Tracer
from twin_pipeline.stages.trace.options import STEP_PER_RADIUS, TraceOptions

__all__ = [
    "STEP_PER_RADIUS",
    "TraceOptions",
    "Tracer",
    "join",
    "join_over_corner",
    "off_course_m",
]
