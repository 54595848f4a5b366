"""What is looked at is what a tracer hands out, whether or not the next is followed meanwhile."""

import numpy as np
import pytest

from twin_pipeline.candidates import candidates
from twin_pipeline.geometry.tubes import Run

COUNT = 12


class _Tracer:
    """Hands out runs at 0, 1, 2 ... m; one dismissed takes the next two with it."""

    def __init__(self, left: set[int], taken: set[int]) -> None:
        self.left, self.taken = left, taken

    def fork(self) -> "_Tracer":
        return _Tracer(set(self.left), self.taken)

    def next_run(self) -> Run | None:
        at = min(self.left - self.taken, default=None)
        if at is None:
            return None
        self.left.discard(at)
        return Run(np.full((2, 3), float(at)), 0.1, np.ones(2, bool), 0)

    def probe(self, run: Run) -> Run:
        return run

    def dismiss(self, run: Run) -> None:
        self.left.discard(_place(run) + 2)

    def take(self, run: Run) -> None:
        self.taken.update({_place(run) + 1, _place(run) + 3})


def _place(run: Run) -> int:
    return int(run.axis[0, 0])


def _alone(taken: set[int]) -> list[int]:
    tracer, places = _Tracer(set(range(COUNT)), set()), []
    while (run := tracer.next_run()) is not None:
        places.append(_place(run))
        if places[-1] in taken:
            tracer.take(run)
        else:
            tracer.dismiss(run)
    return places


@pytest.mark.parametrize("taken", [set(), {0}, {1, 2}, {0, 4, 5}, set(range(COUNT))])
@pytest.mark.parametrize(("ahead", "cores"), [(False, 2), (True, 1), (True, 2)])
def test_the_order_is_that_of_the_tracer_alone(taken, ahead, cores, monkeypatch):
    monkeypatch.setattr("twin_pipeline.candidates.threads", lambda: cores)
    places = []
    with candidates(None, _Tracer(set(range(COUNT)), set()), ahead=ahead) as runs:
        while (candidate := runs.following()) is not None:
            places.append(_place(candidate.run))
            if places[-1] in taken:
                runs.tracer().take(candidate.run)
            else:
                runs.dismiss(candidate)
    assert places == _alone(taken)


def test_what_is_taken_may_be_dismissed_as_well():
    with candidates(None, _Tracer(set(range(COUNT)), set()), ahead=True) as runs:
        first = runs.following()
        runs.tracer().take(first.run)
        runs.dismiss(first)
        assert _place(runs.following().run) == 4
