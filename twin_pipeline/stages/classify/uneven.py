"""Tell what is round by chance: rows of sandbags and long boulders, of no one size, and ridges."""

from twin_pipeline.geometry.known import seen_m
from twin_pipeline.geometry.tubes import Tube

_SEEN_AS_ONE = 0.6
_STANDS_OFF_M = 0.002
_UNSURE, _VARIES = 0.024, 6.0
_RIDGE_DIAMETERS, _ROUGHER, _GOES_ON = 5.0, 1.15, 0.1
"""Seen length up to which soil may be round by chance; ratio of its scatter to a pipe's; and how
much of its surface goes on beyond it, as of a pipe's that is laid free hardly any does."""


def is_a_row_of_bags(tube: Tube) -> bool:
    """Tell what is round here and there only, and uneven there.

    Of a pipe in a sleeve, which is uneven too, the whole is round.
    """
    seen = tube.observed if tube.visible is None else tube.visible
    as_one = float((tube.observed & seen).sum()) < _SEEN_AS_ONE * float(seen.sum())
    return as_one and tube.stand_off_m > _STANDS_OFF_M


def is_hardly_a_tube(tube: Tube) -> bool:
    """Tell a tube that is too uneven to be believed where nothing else speaks for a pipe."""
    return tube.radius_std_m > _UNSURE * tube.radius_m or varies_in_size(tube)


def varies_in_size(tube: Tube) -> bool:
    """Tell whether the radii of a tube's slices differ by far more than noise explains."""
    return tube.inflation > _VARIES


def is_a_ridge(tube: Tube, smooth_m: float) -> bool:
    """Tell soil that is round over a short way: rougher than a pipe, and not clear of the ground.

    Parameters
    ----------
    smooth_m
        How points scatter on a pipe of the same scan.
    """
    short = seen_m(tube) < _RIDGE_DIAMETERS * 2.0 * tube.radius_m
    return short and tube.noise_m > _ROUGHER * smooth_m and tube.halo > _GOES_ON
