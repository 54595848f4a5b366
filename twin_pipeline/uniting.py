"""Make one pipe of what was found in pieces, and lead it through offsets that it hides."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from twin_pipeline.geometry.known import (
    keeps_to,
    longest_hidden_m,
    seen_beyond_m,
    seen_m,
    unknown_m,
)
from twin_pipeline.geometry.likeness import gap_m, is_part_of, of_one_size
from twin_pipeline.geometry.pyramid import Pyramid
from twin_pipeline.geometry.tubes import Run, Tube
from twin_pipeline.stages.measure import (
    joined_over_leg,
    kept_straight,
    led_around_bends,
    led_around_corners,
    led_beyond,
    led_on,
    led_over_legs,
    led_through_offsets,
    led_under,
)
from twin_pipeline.stages.trace import TraceOptions, join, join_over_corner, off_course_m

_CUT_BACK_RADII = (0.0, 3.0, 8.0)
"""What ends that face each other lose, before they are joined, in the tries one after another."""

_NEAR, _ON_STRAIGHT, _ABOUT = 0.15, 0.25, 0.5
"""How far from where it is led a tube may be, in radii, around corners, straight on, and where
points show the way."""

_AHEAD_RADII, _AHEAD_SHARE = 2.0, 0.03
"""How far aside of where a tube points at another may lie, and which share of the gap more."""

_BEND_GAP_M = 0.6
"""How far from a tube's end a faint piece may begin that is reached around a bend."""

_FAR = 3.0
"""Of the longest gap that is bridged: how far tubes may be apart if part of the gap is seen."""

_NO_WORSE = 1.2
"""Ratio of standard deviations; more of the same pipe makes it better known."""

_BETTER = 0.8
"""Ratio of standard deviations from which on a way around a bend is the right one."""

_MORE_SEEN_M = 0.15
"""By which more is seen of a tube that is led around a bend whose corner it has cut."""

_AS_WELL = 0.9
"""Of the length that is seen of a tube, or that it has, what of it led otherwise must be."""


class Uniter:
    """Joins tubes, measuring what it makes of them by the function that is given."""

    def __init__(
        self, pyramid: Pyramid, options: TraceOptions, measured: Callable[[Run], Tube | None]
    ) -> None:
        self._pyramid, self._options, self._measured = pyramid, options, measured

    def whole(self, tubes: Sequence[Tube], faint: Sequence[Tube] = ()) -> list[Tube]:
        """Join pieces of one pipe, and lead each through what hides it or its ends."""
        whole = self.joined(tubes, faint)
        led = [self.led_through(tube) for tube in whole]
        changed = any(tube is not before for tube, before in zip(led, whole, strict=True))
        return self._joined(led) if changed else _without_parts(led)

    def joined(self, tubes: Sequence[Tube], faint: Sequence[Tube] = ()) -> list[Tube]:
        """Join pieces of one pipe and measure the whole anew, until nothing more fits together.

        Faint pieces are none on their own, but may be what another goes on to, or be one together.
        """
        whole = self._joined(tubes)
        # the same piece may have been found along several courses
        faint = _without_parts(faint)
        # nor does a pipe go on in a piece of the one beside it
        faint = _beside(faint, whole)
        if not faint:
            return whole
        together = [tube for tube in self._joined(faint) if not any(tube is t for t in faint)]
        all_tubes = (*whole, *_beside(together, whole))
        return self._joined([self._with_faint(tube, faint) for tube in all_tubes])

    def may_join(self, tube: Tube, others: Sequence[Tube], faint: Sequence[Tube]) -> bool:
        """Tell whether a tube may be measured as one with another, without measuring."""
        return any(self._may_be_one(tube, other) for other in others if other is not tube) or any(
            self._leads_to(tube, other) or is_part_of(tube, other)
            for other in faint
            if not is_part_of(other, tube)
        )

    def _may_be_one(self, tube: Tube, other: Tube) -> bool:
        return any(join(tube, other, self._options, cut) is not None for cut in _CUT_BACK_RADII)

    def _leads_to(self, tube: Tube, faint: Tube) -> bool:
        """Tell whether a faint piece is what a tube would go on to, straight on or around a bend.

        Around a bend only where it begins close to where the tube ends.
        """
        if _points_at(tube, faint):
            return True
        return gap_m(tube, faint) < _BEND_GAP_M and self._may_be_one(tube, faint)

    def _joined(self, tubes: Sequence[Tube]) -> list[Tube]:
        pending = sorted(tubes, key=lambda tube: -tube.length_m)
        whole: list[Tube] = []
        while pending:
            tube = pending.pop(0)
            # of pipes that run side by side each goes on in the one that lies ahead of it
            for other in sorted(pending, key=partial(off_course_m, tube)):
                together = self._as_one(tube, other)
                if together is not None:
                    pending = [together, *(t for t in pending if t is not other)]
                    break
            else:
                whole.append(tube)
        return _without_parts(whole)

    def _with_faint(self, tube: Tube, faint: Sequence[Tube]) -> Tube:
        """Return a tube with what of the faint pieces it goes on to, if they make it no worse.

        Where it is but a part of a faint one that is as well known and as even, it is that one.
        """
        for other in sorted(faint, key=lambda piece: -piece.length_m):
            if _is_more_of(other, tube):
                return self._with_faint(other, [piece for piece in faint if piece is not other])
            if is_part_of(other, tube) or not self._leads_to(tube, other):
                continue
            together = self._as_one(tube, other)
            if (
                together is not None
                and of_one_size(tube, together)
                and is_part_of(tube, together)
                and together.round_std_m <= _NO_WORSE * tube.round_std_m
            ):
                return self._with_faint(together, faint)
        return tube

    def led_through(self, tube: Tube) -> Tube:
        """Return a tube led through the offsets that it hides, where that is the same pipe.

        Where its axis strays from a straight on which the pipe is as well seen, it is led there.
        """
        tube = self._led_under(self._led_on(self._kept_straight(self._led_beyond(tube))))
        tube = self._around_corners(tube)
        for run in led_through_offsets(self._pyramid, tube):
            # points alone make a better axis, where they do not lose it
            for tried in (replace(run, held=None), run):
                other = self._as_well_led(tried, tube)
                if other is not None and keeps_to(other, run, _NEAR):
                    return self.led_through(other)
        return self._led_around(self._led_over_legs(tube))

    def _led_over_legs(self, tube: Tube) -> Tube:
        """Return a tube led over two bends in what it hides, if more of it is known so."""
        for run in led_over_legs(self._pyramid, tube):
            for tried, near in ((replace(run, held=None), _ABOUT), (run, _ON_STRAIGHT)):
                other = self._as_well_led(tried, tube)
                if (
                    other is not None
                    and unknown_m(other) < unknown_m(tube) - _MORE_SEEN_M
                    and keeps_to(other, run, near)
                ):
                    return self._led_over_legs(other)
        return tube

    def _as_well_led(self, run: Run, tube: Tube) -> Tube | None:
        """Measure where a tube is led; None where that is not the same pipe, or less of it seen."""
        other = self._measured(run)
        if other is None or not of_one_size(tube, other):
            return None
        return other if _as_well_seen(other, tube) else None

    def _led_along(self, run: Run, tube: Tube) -> Tube | None:
        """Measure where a tube is led; None where that is not the same pipe, or worse known."""
        other = self._measured(run)
        if other is None or not of_one_size(tube, other):
            return None
        return other if other.round_std_m <= _NO_WORSE * tube.round_std_m else None

    def _led_beyond(self, tube: Tube) -> Tube:
        """Return a tube with what is seen of it straight on behind what hides its ends."""
        for run in led_beyond(self._pyramid, tube):
            other = self._led_along(run, tube)
            if other is None or not is_part_of(tube, other):
                continue
            if seen_m(other) > seen_m(tube) + self._options.min_length_m:
                return self._led_beyond(other)
        return tube

    def _kept_straight(self, tube: Tube) -> Tube:
        run = kept_straight(tube)
        for tried in (replace(run, held=None), run) if run is not None else ():
            other = self._led_along(tried, tube)
            if other is None or not _as_well_seen(other, tube):
                continue
            if kept_straight(other) is None:
                return other
        return tube

    def _led_on(self, tube: Tube) -> Tube:
        """Return a tube straight on at ends where it is hardly seen, if more is seen of it so."""
        for run in led_on(tube):
            for tried in (replace(run, held=None), run):
                other = self._led_along(tried, tube)
                if other is not None and seen_m(other) > seen_m(tube) + _MORE_SEEN_M:
                    return self._led_on(other)
        return tube

    def _led_under(self, tube: Tube) -> Tube:
        """Return a tube straight on where it has climbed what hides it, if as well seen so."""
        for run in led_under(tube):
            other = self._led_along(run, tube)
            if other is None or not _as_well_seen(other, tube):
                continue
            if keeps_to(other, run, _ON_STRAIGHT):
                return self._led_under(other)
        return tube

    def _around_corners(self, tube: Tube) -> Tube:
        """Return a tube led around the bends whose corner its axis cuts, if more is seen so."""
        for run in led_around_corners(self._pyramid, tube):
            for tried in (replace(run, held=None), run):
                other = self._led_along(tried, tube)
                if other is not None and seen_m(other) > seen_m(tube) + _MORE_SEEN_M:
                    return self._around_corners(other)
        return tube

    def _led_around(self, tube: Tube) -> Tube:
        """Return a tube led around the bends on whose sockets it lies, where it is known better."""
        for run in led_around_bends(self._pyramid, tube):
            for tried in (replace(run, held=None), run):
                other = self._measured(tried)
                if (
                    other is not None
                    and of_one_size(tube, other)
                    and other.length_m > _AS_WELL * tube.length_m
                    and other.round_std_m < _BETTER * tube.round_std_m
                ):
                    return self._led_around(other)
        return tube

    def _as_one(self, tube: Tube, other: Tube) -> Tube | None:
        """Measure two tubes as one; None where they do not make one that is longer than either."""
        for cut_radii in _CUT_BACK_RADII:
            run = join(tube, other, self._options, cut_radii)
            together = self._measured(run) if run is not None else None
            if together is not None and together.length_m > max(tube.length_m, other.length_m):
                return together if _known_no_worse(together, tube, other) else None
        return self._over_what_was_missed(tube, other) or self._over_leg(tube, other)

    def _over_leg(self, tube: Tube, other: Tube) -> Tube | None:
        """Measure two tubes as one over two bends, if some of the leg between them is seen."""
        run = joined_over_leg(self._pyramid, tube, other, self._options.max_bend_deg)
        if run is None:
            return None
        for tried in (replace(run, held=None), run):
            together = self._measured(tried)
            if (
                together is not None
                and is_part_of(tube, together)
                and is_part_of(other, together)
                and keeps_to(together, run, _ABOUT)
                and longest_hidden_m(together) <= self._options.max_gap_m
                and seen_beyond_m(together, tube, other) > _MORE_SEEN_M
            ):
                return together
        return None

    def _over_what_was_missed(self, tube: Tube, other: Tube) -> Tube | None:
        """Measure two tubes as one that are too far apart, if between them the pipe is seen.

        Led there, it may be measured where what was followed lost its way.
        """
        if gap_m(tube, other) <= self._options.max_gap_m:
            return None
        far = self._options.model_copy(update={"max_gap_m": _FAR * self._options.max_gap_m})
        straight = join(tube, other, far) if _points_at(tube, other) else None
        bent = (join_over_corner(tube, other, far, cut) for cut in _CUT_BACK_RADII)
        for run in (straight, *bent):
            together = self._measured(run) if run is not None else None
            if (
                together is not None
                and together.length_m > tube.length_m + other.length_m
                and longest_hidden_m(together) <= self._options.max_gap_m
            ):
                return together
        return None


def _without_parts(tubes: Sequence[Tube]) -> list[Tube]:
    return _beside(tubes, tubes)


def _beside(tubes: Sequence[Tube], others: Sequence[Tube]) -> list[Tube]:
    """Return the tubes that are parts of none of the others."""
    return [tube for tube in tubes if not any(is_part_of(tube, other) for other in others)]


def _is_more_of(other: Tube, tube: Tube) -> bool:
    known = other.round_std_m <= _NO_WORSE * tube.round_std_m and other.noise_m <= tube.noise_m
    return known and is_part_of(tube, other) and of_one_size(tube, other)


def _known_no_worse(together: Tube, tube: Tube, other: Tube) -> bool:
    """Tell whether what is one of two tubes, found twice, is as well known as the longer of them.

    Pieces that lie apart need not be: the scan's drift hardly shows in either alone.
    """
    longer, shorter = (tube, other) if tube.length_m > other.length_m else (other, tube)
    found_twice = is_part_of(shorter, longer)
    return not found_twice or together.round_std_m <= _NO_WORSE * longer.round_std_m


def _points_at(tube: Tube, other: Tube) -> bool:
    """Tell whether a tube, going straight on, would meet another that goes on with it."""
    allowed_m = _AHEAD_RADII * tube.radius_m + _AHEAD_SHARE * gap_m(tube, other)
    return off_course_m(tube, other) <= allowed_m


def _as_well_seen(tube: Tube, other: Tube) -> bool:
    return seen_m(tube) > _AS_WELL * seen_m(other)
