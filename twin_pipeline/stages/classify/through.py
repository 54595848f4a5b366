"""Tell what would have to pass through a pipe: a strut or soil beside a large one's crown."""

import math

import numpy as np

from twin_pipeline.geometry.tubes import Tube

_FITTING, _CLEAR_M, _SHARE, _SIGMAS = 0.25, 0.02, 0.5, 3.0
"""Of a main's radius: what passes nearer to its axis may be the branches of a cross; and what two
pipes that touch may seem to overlap, by the thinner one's radius and beyond what is not known."""
_BESIDE_M = 0.3
"""So far beside what crosses a main must be seen, on both sides, or it may dive below."""


def passes_through(tube: Tube, main: Tube) -> bool:
    """Tell whether what crosses a main overlaps with its barrel, aside of its axis.

    Both ends of it are out of the main: it is no branch.
    """
    off_m = np.linalg.norm(tube.nodes[:, None] - main.nodes[None], axis=2)
    at, of = np.unravel_index(int(off_m.argmin()), off_m.shape)
    unknown_m = _SIGMAS * math.hypot(
        float(main.std_v_m[of]), float(main.std_h_m[of]), main.radius_std_m,
        float(tube.std_v_m[at]), float(tube.std_h_m[at]), tube.radius_std_m,
    )  # fmt: skip
    overlap_m = main.radius_m + tube.radius_m - float(off_m[at, of])
    may_seem_m = _CLEAR_M + _SHARE * min(tube.radius_m, main.radius_m) + unknown_m
    ends_out = bool((off_m[[0, -1]].min(axis=1) > main.radius_m).all())
    aside = float(off_m[at, of]) > _FITTING * main.radius_m
    return ends_out and aside and overlap_m > may_seem_m and _is_seen_beside(main, int(of), tube)


def _is_seen_beside(main: Tube, of: int, tube: Tube) -> bool:
    near = np.linalg.norm(main.nodes - main.nodes[of], axis=1) < tube.radius_m + _BESIDE_M
    seen = np.flatnonzero(near & main.observed)
    return len(seen) > 0 and int(seen[0]) <= of <= int(seen[-1])
