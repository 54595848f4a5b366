"""Tell rows of sandbags and long boulders, round as they are, by that they are of no one size."""

from twin_pipeline.geometry.tubes import Tube

_SEEN_AS_ONE = 0.6
_STANDS_OFF_M = 0.002
_UNSURE, _VARIES = 0.024, 6.0


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
