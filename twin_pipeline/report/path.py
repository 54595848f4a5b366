"""Places along a pipe's centreline."""

from itertools import pairwise

import numpy as np

from twin_pipeline.model import FloatArray, Pipe


def vertex_chainages_m(centreline: FloatArray) -> FloatArray:
    """Return the distance of each vertex from the first along the line, (K,) metres."""
    steps_m = np.linalg.norm(np.diff(centreline, axis=0), axis=1)
    return np.concatenate(([0.0], np.cumsum(steps_m)))


def positions_at(centreline: FloatArray, chainages_m: FloatArray) -> FloatArray:
    """Return the points at the given distances, (N, 3) metres, scan frame."""
    at_vertex_m = vertex_chainages_m(centreline)
    columns = [np.interp(chainages_m, at_vertex_m, centreline[:, axis]) for axis in range(3)]
    return np.column_stack(columns)


def stretch(pipe: Pipe, start_m: float, end_m: float) -> FloatArray:
    """Return the centreline between two chainages, (K, 3), with the bends in between."""
    at_vertex_m = vertex_chainages_m(pipe.centreline)
    inner = at_vertex_m[(at_vertex_m > start_m) & (at_vertex_m < end_m)]
    return positions_at(pipe.centreline, np.concatenate(([start_m], inner, [end_m])))


def direction_at(pipe: Pipe, chainage_m: float) -> FloatArray:
    """Return the unit vector of the plan direction at a chainage, (2,) easting, northing."""
    reach_m = max(1e-3, 0.02 * pipe.length_m)
    around = np.array([chainage_m - reach_m, chainage_m + reach_m])
    before, after = positions_at(pipe.centreline, around)[:, :2]
    length = float(np.linalg.norm(after - before))
    return (after - before) / length if length > 0 else np.array([1.0, 0.0])


def hidden_stretches(pipe: Pipe) -> list[tuple[float, float]]:
    """Return where the centreline is interpolated, as start and end chainages (m)."""
    chainage_m = pipe.stations.chainage_m
    found = stretches_of(pipe.stations.observed.tolist())
    return [(float(chainage_m[a]), float(chainage_m[b])) for a, b, seen in found if not seen]


def stretches_of(flags: list[bool]) -> list[tuple[int, int, bool]]:
    """Return stretches between neighbouring stations as (first, last, flag).

    A stretch has the flag only where both of its ends have; neighbours of one kind are joined.
    """
    found: list[tuple[int, int, bool]] = []
    for i, flag in enumerate(a and b for a, b in pairwise(flags)):
        if found and found[-1][2] == flag:
            found[-1] = (found[-1][0], i + 1, flag)
        else:
            found.append((i, i + 1, flag))
    return found
