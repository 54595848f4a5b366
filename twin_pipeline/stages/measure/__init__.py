"""Adjust one tube per run to the raw points: axis, radius, and what they are worth.

The axis is a chain of nodes, the radius one number for the whole run. Points enter with Tukey
weights inside a band that is narrowed from a good part of the radius to four sigma. Normals that
must point away from the axis keep the first steps on the tube; sectors of the cross-section where
soil touches it are dropped, since they bias the radius far beyond what its formal sigma says.
Stretches that are hidden, and sockets, take no part and stay straight.
"""

from typing import TYPE_CHECKING

from twin_pipeline.deferred import deferred

if TYPE_CHECKING:
    from twin_pipeline.stages.measure.bends import led_around_bends, led_around_corners
    from twin_pipeline.stages.measure.beyond import led_beyond
    from twin_pipeline.stages.measure.doubt import with_doubt, with_walks
    from twin_pipeline.stages.measure.explaining import Fit, explain
    from twin_pipeline.stages.measure.kept import Kept
    from twin_pipeline.stages.measure.legs import joined_over_leg, led_over_legs
    from twin_pipeline.stages.measure.offsets import led_through_offsets
    from twin_pipeline.stages.measure.options import MeasureOptions
    from twin_pipeline.stages.measure.precision import WAVE_M, wander
    from twin_pipeline.stages.measure.rays import with_rays
    from twin_pipeline.stages.measure.run import measure, sparsely_covered
    from twin_pipeline.stages.measure.straight import Clear, measure_straight
    from twin_pipeline.stages.measure.straying import kept_straight, led_on, led_under
    from twin_pipeline.stages.measure.thinned import with_all_points
else:
    __getattr__ = deferred(
        __name__,
        {
            "Clear": "straight",
            "Fit": "explaining",
            "Kept": "kept",
            "explain": "explaining",
            "joined_over_leg": "legs",
            "kept_straight": "straying",
            "led_around_bends": "bends",
            "led_around_corners": "bends",
            "led_beyond": "beyond",
            "led_on": "straying",
            "led_over_legs": "legs",
            "led_through_offsets": "offsets",
            "led_under": "straying",
            "MeasureOptions": "options",
            "measure": "run",
            "measure_straight": "straight",
            "sparsely_covered": "run",
            "wander": "precision",
            "WAVE_M": "precision",
            "with_all_points": "thinned",
            "with_doubt": "doubt",
            "with_walks": "doubt",
            "with_rays": "rays",
        },
    )

__all__ = [
    "WAVE_M",
    "Clear",
    "Fit",
    "Kept",
    "MeasureOptions",
    "explain",
    "joined_over_leg",
    "kept_straight",
    "led_around_bends",
    "led_around_corners",
    "led_beyond",
    "led_on",
    "led_over_legs",
    "led_through_offsets",
    "led_under",
    "measure",
    "measure_straight",
    "sparsely_covered",
    "wander",
    "with_all_points",
    "with_doubt",
    "with_rays",
    "with_walks",
]
