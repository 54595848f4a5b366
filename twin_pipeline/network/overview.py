"""The overview of a network: figures from DuckDB, places on the earth, a page and a JSON file."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twin_pipeline import __version__
from twin_pipeline.export.files import write_text
from twin_pipeline.network import measures
from twin_pipeline.network.map import Dot, map_of
from twin_pipeline.network.page import write_page
from twin_pipeline.network.places import Located, located
from twin_pipeline.network.sources import Run, read_runs
from twin_pipeline.network.tables import loaded
from twin_pipeline.output import output_folder
from twin_pipeline.progress import Progress

RECORD = "overview.json"
PAGE = "index.html"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user wants to know."""

    limits_m: tuple[float, ...]
    """Thresholds of the cover, rising."""
    viewer_url: str | None = None
    """Where one viewer shows all sites; None for one of this machine a run."""


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """What was found."""

    record: Mapping[str, Any]
    """Content of overview.json."""
    page: Path


def overview(
    outs: Sequence[Path],
    out: Path,
    wanted: Wanted,
    progress: Progress,
    *,
    overwrite: bool = False,
) -> Overview:
    """Write the overview of finished runs into a folder: index.html and overview.json.

    Parameters
    ----------
    outs
        Output folders of `run`.
    out
        Where to write; complete afterwards, or as it was if anything raises.
    wanted
        Thresholds, and where the viewer is.
    progress
        Told what is going on.
    overwrite
        Whether an earlier overview may be replaced.

    Raises
    ------
    InputError
        When a run can't be read.
    UsageError
        When two runs have a site of the same name, or DuckDB is not installed.
    OutputError
        When `out` can't be written or may not be replaced.
    """
    with output_folder(out, overwrite=overwrite, inputs=outs, record=RECORD) as staging:
        progress.stage("read")
        runs = read_runs(outs)
        with loaded(runs, progress) as tables:
            progress.stage("measure")
            figures = {
                "totals": measures.totals(tables),
                "by": {
                    kind: measures.lengths_by(tables, field)
                    for kind, field in measures.KINDS.items()
                },
                "cover": measures.cover(tables, wanted.limits_m),
                "accuracy": measures.accuracy(tables),
            }
            worst = measures.worst_places(tables, wanted.limits_m)
            sites = measures.sites(tables)
        places = located(worst, runs, wanted.viewer_url)
        record = _record(runs, figures, places, wanted)
        dots = _dots(runs, sites, wanted.limits_m)
        write_page(record, map_of(dots, wanted.limits_m), staging / PAGE)
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1)
        write_text(staging / RECORD, text + "\n")
    return Overview(record, out / PAGE)


def _record(
    runs: Sequence[Run],
    figures: Mapping[str, Any],
    places: Sequence[Located],
    wanted: Wanted,
) -> dict[str, Any]:
    gates: dict[str, int] = {}
    for run in runs:
        for name in run.failed_gates:
            gates[name] = gates.get(name, 0) + 1
    totals = {
        "runs": len(runs),
        "sites": sum(len(run.sites) for run in runs),
        "sites_failed": sum(run.failed_sites for run in runs),
        **figures["totals"],
    }
    ends = [dt.datetime.fromisoformat(run.finished_at) for run in runs]
    return {
        "format": _FORMAT,
        "software": f"twin_pipeline {__version__}",
        "newest_run": max(ends).isoformat(),
        "oldest_run": min(ends).isoformat(),
        **figures,
        "totals": totals,
        "gates_failed": dict(sorted(gates.items())),
        "worst": [asdict(place) for place in places],
        "viewers": {place.viewer: place.command for place in places if place.command is not None},
        "viewer_url": wanted.viewer_url,
    }


def _dots(
    runs: Sequence[Run], sites: Mapping[str, Mapping[str, Any]], limits_m: Sequence[float]
) -> list[Dot]:
    """Return the sites that have a place, each in the class of its least cover."""
    dots = []
    for run in runs:
        for site in run.sites:
            if site.lon_deg is None or site.lat_deg is None:
                continue
            held = sites.get(site.name, {})
            cover_m = held.get("cover_min_m")
            under = None if cover_m is None else sum(cover_m > limit for limit in limits_m)
            dots.append(Dot(site.name, site.lon_deg, site.lat_deg, under))
    return dots
