"""Follows a measured tube on, as far as it is the same pipe."""

import math
from dataclasses import replace

import numpy as np
import scipy

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.known import longest_hidden_m
from twin_pipeline.geometry.likeness import is_part_of, of_one_size
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.search import Search
from twin_pipeline.squeezing import SqueezedTracer
from twin_pipeline.stages.trace import Tracer

_WORSE, _WORSE_SETTLED = 1.2, 1.6
"""From this ratio of standard deviations on, what was added is not the same pipe; the latter where
the scan's drift had to be solved for to see that."""

_LITTLE = 1.5
"""Shortest pipes' lengths, of which half is not worth a look at the end of a longer one."""

_WELL_KNOWN = 0.002
"""Of the radius: known so well with what was added it may be known worse than before."""

_LEAST_LEG_M = 0.3
"""Of what was added and makes the pipe worse known: what holds no tube alone is something else."""

_LOST = 1.5
"""Of the longest gap that is bridged: where more of a tube is hidden, its axis has lost its way."""

_MOST_BEYOND_M, _MOST_BEYOND = 1.2, 0.1
"""What of a run that led to a tube may lie beyond its ends, in all and of its length, if following
the tube on once more, to the same ends, shall lead to nothing new."""


def prolonged(search: Search, tracer: Tracer | SqueezedTracer, tube: Tube, level: int) -> Tube:
    """Follow a tube on with its measured radius as long as that makes it longer.

    Where all that was followed holds no such tube, half of it may; not if it was but little more.
    """
    led: Run | None = None
    while (run := tracer.prolong(tube, level)) is not None:
        if led is not None and _the_same_again(run, led, tube):
            break
        little = _new_m(run, tube) < _LITTLE * search.config.trace.min_length_m
        longer = _longer(search, tube, run)
        led = run
        if longer is None or (longer is tube and not little):
            led = _halfway(run, tube)
            longer = _longer(search, tube, led)
        if longer is None or longer is tube:
            break
        tube = longer
    return tube


def _the_same_again(run: Run, led: Run, tube: Tube) -> bool:
    """Tell whether a run ends where the one did that led to the tube, and that little beyond it."""
    most_m = min(_MOST_BEYOND_M, _MOST_BEYOND * tube.length_m)
    ends = run.axis[[0, -1]] - led.axis[[0, -1]]
    return bool(np.linalg.norm(ends, axis=1).max() < run.radius_m and _new_m(run, tube) < most_m)


def _new_m(run: Run, tube: Tube) -> float:
    """Return the length of what of a run lies beyond the ends of a tube."""
    distance, _ = scipy.spatial.cKDTree(tube.nodes).query(run.axis)
    steps = np.linalg.norm(np.diff(run.axis, axis=0), axis=1)
    return float(steps[distance[1:] > run.radius_m].sum())


def _longer(search: Search, tube: Tube, run: Run) -> Tube | None:
    """Measure a tube with what it goes on to; None where that is not the same pipe.

    The tube itself is returned where it does not go on.
    """
    drift_share = search.config.measure.drift_share
    more_m = search.config.trace.min_length_m
    most_std_m = max(_WORSE * _std_within(tube, drift_share), _WELL_KNOWN * tube.radius_m)
    longer = search.roughly(run)
    if longer is not None and longest_hidden_m(longer) > _LOST * search.config.trace.max_gap_m:
        return None
    if longer is not None and abs(longer.length_m - tube.length_m) < more_m:
        return tube if of_one_size(tube, longer) else None
    if longer is not None and _std_within(longer, drift_share) > most_std_m:
        # the shorter one may be so well known as the scan's drift was solved for with it
        longer = search.settled(longer, roughly=True)
        most_std_m *= _WORSE_SETTLED / _WORSE
    if longer is None or longer.length_m < tube.length_m + more_m:
        return None
    # more of the same pipe makes it better known, something else does not
    std_m = _std_within(longer, drift_share)
    if std_m > most_std_m or not (of_one_size(tube, longer) and is_part_of(tube, longer)):
        return None
    if std_m <= _std_within(tube, drift_share):
        return longer
    piece = _without_empty_legs(search, tube, longer)
    return longer if piece is None else _longer(search, tube, piece)


def _without_empty_legs(search: Search, tube: Tube, longer: Tube) -> Run | None:
    """Return a run along a longer tube without what is added at an end and holds no tube alone.

    None where it is all right.
    """
    first, last = sorted(
        int(np.linalg.norm(longer.nodes - end, axis=1).argmin()) for end in tube.nodes[[0, -1]]
    )
    begin, end = 0, len(longer.nodes) - 1
    if _is_empty(search, longer, slice(0, first)):
        begin = first
    if _is_empty(search, longer, slice(last + 1, len(longer.nodes))):
        end = last
    axis = longer.nodes[begin : end + 1]
    whole = len(axis) == len(longer.nodes)
    return None if whole else Run(axis, longer.radius_m, np.ones(len(axis), bool), 0)


def _is_empty(search: Search, tube: Tube, leg: slice) -> bool:
    """Tell whether a leg of a tube, long enough to tell, holds none if measured alone."""
    axis = tube.nodes[leg]
    if len(axis) < 3 or polyline.length(axis) < _LEAST_LEG_M:
        return False
    return search.shows_none(Run(axis, tube.radius_m, np.ones(len(axis), bool), 0))


def _halfway(run: Run, tube: Tube) -> Run:
    """Return a run that leaves a tube at both ends, cut back to half of what lies beyond these."""
    first, last = (
        int(np.linalg.norm(run.axis - end, axis=1).argmin()) for end in tube.nodes[[0, -1]]
    )
    piece = slice(first // 2, last + (len(run.axis) - last) // 2 + 1)
    return replace(run, axis=run.axis[piece], seen=run.seen[piece])


def _std_within(tube: Tube, drift_share: float) -> float:
    """Return the radius' std without what drift and ovality add, which only long tubes show."""
    drift = drift_share * tube.wander_m
    return math.sqrt(max(tube.round_std_m**2 - drift**2, 0.0))
