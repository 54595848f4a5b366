"""Hold in what is known of a pipe's place by how much the scan's drift may lead it astray.

A drift shows in a pipe as waves of its axis. By them it is told how far a walk strays over metres;
that it strays by more over the whole length, as a random walk does, shows in nothing. And what is
too short for waves, as a crossing, was scanned in the same drift as the longest pipe of the scan.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.stages.classify import Classified
from twin_pipeline.stages.measure import WAVE_M, wander, with_walks


def with_the_scans_drift(found: Sequence[Classified]) -> list[Classified]:
    """Return the tubes with all that they may have wandered by."""
    if not found:
        return []
    longest = max((item.tube for item in found), key=lambda tube: tube.length_m)
    return [
        replace(item, tube=_wandering(with_walks(item.tube, longest), longest)) for item in found
    ]


def _wandering(tube: Tube, longest: Tube) -> Tube:
    shared_m = _strayed(longest)
    if _is_solved(longest) and not _is_solved(tube):
        # the scan's drift is known, and what that leaves open is in how far this tube strayed
        shared_m = math.hypot(shared_m, _solved(longest))
        tube = replace(tube, drift_m=np.zeros(len(tube.nodes)))
    return replace(tube, wander_m=max(_strayed(tube), shared_m))


def _strayed(tube: Tube) -> float:
    """Return by how much a random walk is off its mean over a tube that waves so, metres.

    Its waves are measured from chords of 5 m, or two thirds of the length. From a chord's middle a
    walk strays by the root of half of what it does to either end, from its mean over a length by
    that of a sixth of it.
    """
    # all that a common error of the radius does to the axis is the same everywhere, and no wave
    noise_m = np.sqrt(np.maximum(tube.crown_std_m**2 - np.nan_to_num(tube.drift_m) ** 2, 0.0))
    waves_m = max(tube.wander_m, wander(tube.nodes, noise_m))
    half_m = min(WAVE_M, tube.length_m / 3.0)
    return waves_m * math.sqrt(tube.length_m / (3.0 * half_m))


def _is_solved(tube: Tube) -> bool:
    return bool(np.isfinite(tube.drift_m).any())


def _solved(tube: Tube) -> float:
    """Return what the drift that was solved for adds to the std of a tube's place, metres."""
    return float(np.sqrt(np.nanmean(tube.drift_m[tube.observed] ** 2)))
