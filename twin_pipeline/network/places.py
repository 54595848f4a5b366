"""Where the worst places lie on the earth, and links that show them in the viewer."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from twin_pipeline.crs import restore
from twin_pipeline.errors import TwinPipelineError
from twin_pipeline.network.measures import Place
from twin_pipeline.network.sources import Run, Site

FIRST_PORT = 8801
"""Of the viewers of this machine that links lead to, one a run."""
_ABOVE_M = 12.0
_DOWN_DEG = -89.0


@dataclass(frozen=True, slots=True)
class Located(Place):
    """A place with its coordinates and how to look at it."""

    lon_deg: float | None
    lat_deg: float | None
    link: str
    viewer: str
    """What the link leads to."""
    command: str | None
    """What starts that viewer; None where it is served anyway."""


def located(places: Sequence[Place], runs: Sequence[Run], viewer_url: str | None) -> list[Located]:
    """Return the places with links.

    Parameters
    ----------
    places
        The worst places.
    runs
        All runs.
    viewer_url
        Where one viewer shows all sites; None for `view` on this machine, a port a run.
    """
    homes = {site.name: (run, site) for run in runs for site in run.sites}
    ports: dict[Path, int] = {}
    found = []
    for place in places:
        run, site = homes[place.site]
        command = None
        viewer = viewer_url
        if viewer is None:
            port = ports.setdefault(run.out, FIRST_PORT + len(ports))
            viewer = f"http://127.0.0.1:{port}/"
            command = f"twin-pipeline view {shlex.quote(str(run.out))} --port {port} --no-browser"
        there = _there(place, site)
        found.append(
            Located(
                **asdict(place),
                lon_deg=None if there is None else round(there[0], 9),
                lat_deg=None if there is None else round(there[1], 9),
                link=f"{viewer}#{_fragment(place, there)}",
                viewer=viewer,
                command=command,
            )
        )
    return found


def _fragment(place: Place, there: tuple[float, float, float] | None) -> str:
    """Return a view as the viewer shares it: the pipe selected, from above the place."""
    view: dict[str, Any] = {}
    if there is not None:
        lon_deg, lat_deg, height_m = there
        view["camera"] = (
            f"{lon_deg:.8f},{lat_deg:.8f},{height_m + _ABOVE_M:.3f},0.000,{_DOWN_DEG:.3f},0.000"
        )
    view |= {
        "site": place.site,
        "pipe": place.pipe_id,
        "chainage": f"{place.chainage_m:.3f}",
        "tools": "profile",
    }
    return urlencode(view)


def _there(place: Place, site: Site) -> tuple[float, float, float] | None:
    """Return longitude, latitude (deg) and ellipsoidal height (m) of the ground at a place."""
    described: Mapping[str, Any] = site.crs
    level_m = place.crown_z_m if place.ground_z_m is None else place.ground_z_m
    try:
        xyz = np.array([[place.easting_m, place.northing_m, level_m]])
        lon_deg, lat_deg, height_m = restore(described).to_geographic(xyz)[0].tolist()
    except TwinPipelineError:
        return None
    return lon_deg, lat_deg, height_m
