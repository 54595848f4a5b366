"""A pipe with the uncertainty of its scan's registration."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from twin_pipeline.model import Pipe
from twin_pipeline.registration.fit import Fit


def with_registration(pipe: Pipe, chains: Sequence[Sequence[Fit]]) -> Pipe:
    """Return the pipe, its standard deviations with those of the registration.

    A registration moves pipe and pavement together, so that cover knows only its scale and its
    tilt: both are taken in full, which is the most that they can do on any slope.

    Parameters
    ----------
    pipe
        In the scan frame.
    chains
        A chain of fits a scan, each after the one before. Which scans show the pipe is not known,
        so that the least certain counts.
    """
    spreads = [
        np.sum([(fitted.std_m(pipe.centreline) ** 2).mean(axis=0) for fitted in chain], axis=0)
        for chain in chains
    ]
    horizontal, vertical = np.sqrt(np.max(spreads, axis=0))
    scale_std = max(_together(fitted.scale_std for fitted in chain) for chain in chains)
    tilt_std = max(_together(fitted.tilt_std_rad for fitted in chain) for chain in chains)
    relative = float(np.hypot(scale_std, tilt_std))
    stations = pipe.stations
    cover_std = np.hypot(stations.cover_std_m, relative * np.abs(stations.cover_m))
    return replace(
        pipe,
        position_std_h_m=float(np.hypot(pipe.position_std_h_m, horizontal)),
        position_std_v_m=float(np.hypot(pipe.position_std_v_m, vertical)),
        cover_std_m=None
        if pipe.cover_std_m is None or pipe.cover_mean_m is None
        else float(np.hypot(pipe.cover_std_m, relative * pipe.cover_mean_m)),
        outer_diameter_std_m=float(
            np.hypot(pipe.outer_diameter_std_m, pipe.outer_diameter_m * scale_std)
        ),
        stations=replace(stations, cover_std_m=cover_std),
    )


def _together(stds: Iterable[float]) -> float:
    return math.sqrt(sum(std**2 for std in stds))
