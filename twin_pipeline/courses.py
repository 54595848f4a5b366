"""Directions in which pipes of a trench may run: along it, where tubes go on, and across it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin_pipeline.geometry import polyline
from twin_pipeline.geometry.tubes import Tube
from twin_pipeline.model import FloatArray

_SAME_COURSE_DEG = 8.0
_MOST_COURSES = 4
_FINE_COURSE_DEG, _MOST_FURTHER = 2.0, 4
"""A tube three degrees off the direction along which a cloud is pushed together is still found."""
_BENDS_DEG = (11.25, 22.5, 45.0, 90.0)
_END_M = 1.4
_RIM_LEAST_M = 1.5
_LONG_TUBE_M = 1.5
_ACROSS_DEG = (90.0, 72.0, 108.0, 54.0, 126.0)
"""To the trench; a tube ten degrees off a course is still found."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A direction that a pipe may have."""

    direction: FloatArray
    """(3,) unit."""
    radius_m: float | None = None
    """Of the tube that goes on in it; None where it is that of the trench."""
    across: bool = False
    """Whether it crosses the trench."""

    def is_same(self, other: "Course") -> bool:
        """Tell whether there is no difference to another."""
        return (
            np.array_equal(self.direction, other.direction)
            and self.radius_m == other.radius_m
            and self.across == other.across
        )


class Courses:
    """Courses of a trench, then of where what was found meanwhile goes on, then across.

    Rims are ragged. What was found tells better how the trench runs, and bends turn by angles that
    are known.
    """

    def __init__(
        self, rims: Sequence[FloatArray], tubes: Sequence[Tube], also_across: Callable[[], bool]
    ) -> None:
        """Take straight pieces (3,) of rims, and tubes that were found already.

        What is added to the tubes meanwhile counts.
        """
        self._rims, self._tubes, self._also_across = rims, tubes, also_across
        self._along = trench_courses(rims, tubes)
        self._tried: list[FloatArray] = []
        self._across: list[FloatArray] | None = None
        self._of_found: list[FloatArray] = []
        self._found = -1

    def following(self) -> Course | None:
        """Return the next course, by what is known now; None when there is none."""
        if self._across is None:
            if len(self._tried) < len(self._along):
                return Course(self._along[len(self._tried)])
            further = self._further()
            if further is not None:
                return further
            if not self._also_across():
                return None
        untried = self._crossing() if self._across is None else self._across
        return Course(untried[0], across=True) if untried else None

    def take(self, course: Course) -> None:
        """Go on after a course that is the next."""
        if not course.across:
            self._tried.append(course.direction)
        else:
            self._across = (self._crossing() if self._across is None else self._across)[1:]

    def _crossing(self) -> list[FloatArray]:
        """Return directions across the longest course known now."""
        if self._found != len(self._tubes):
            longest = trench_courses(self._rims, self._tubes)[:1]
            self._of_found = [course for along in longest for course in _across(along)]
            self._found = len(self._tubes)
        return self._of_found

    def _further(self) -> Course | None:
        if len(self._tried) == len(self._along) + _MOST_FURTHER:
            return None
        untried = (
            Course(course, tube.radius_m)
            for tube in self._tubes
            if tube.length_m > _LONG_TUBE_M
            for course in _going_on(tube)
            if _nearest_deg(course, self._along) < _SAME_COURSE_DEG
            and _nearest_deg(course, self._tried) > _FINE_COURSE_DEG
        )
        return next(untried, None)


def _across(along_trench: FloatArray) -> Iterator[FloatArray]:
    """Yield unit directions (3,), level, in which pipes may cross a trench."""
    heading = math.atan2(along_trench[1], along_trench[0])
    for angle in heading + np.radians(_ACROSS_DEG):
        yield np.array([math.cos(angle), math.sin(angle), 0.0])


def _going_on(tube: Tube) -> Iterator[FloatArray]:
    """Yield unit directions (3,) in which a pipe goes on from the ends of a tube or bends there."""
    for nodes in (tube.nodes, tube.nodes[::-1]):
        back = int(np.searchsorted(polyline.chainage(nodes), _END_M))
        east, north, up = (nodes[0] - nodes[back]) / np.linalg.norm(nodes[0] - nodes[back])
        for angle in np.radians([0.0, *_BENDS_DEG, *np.negative(_BENDS_DEG)]):
            cos, sin = math.cos(angle), math.sin(angle)
            yield np.array([cos * east - sin * north, sin * east + cos * north, up])


def _nearest_deg(course: FloatArray, others: Sequence[FloatArray]) -> float:
    return min((polyline.acute_deg(course, other) for other in others), default=math.inf)


def trench_courses(rims: Sequence[FloatArray], tubes: Sequence[Tube]) -> list[FloatArray]:
    """Return unit directions (3,) in which pipes of a trench may run, the longest first."""
    legs = [tube.nodes[-1] - tube.nodes[0] for tube in tubes if tube.length_m > _LONG_TUBE_M]
    courses: list[FloatArray] = []
    for leg in sorted((*legs, *rims), key=lambda leg: -float(np.linalg.norm(leg))):
        if len(courses) < _MOST_COURSES and np.linalg.norm(leg) > _RIM_LEAST_M:
            known = any(polyline.acute_deg(leg, course) < _SAME_COURSE_DEG for course in courses)
            courses += [] if known else [leg / np.linalg.norm(leg)]
    return courses
