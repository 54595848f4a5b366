"""One site from beginning to end, wherever it runs: what it writes, and why it failed if it did."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.codec import pack, unpack
from twin_pipeline.durable.files import write_bytes
from twin_pipeline.errors import TwinPipelineError
from twin_pipeline.export.run_record import InputFile
from twin_pipeline.outcome import SiteOutcome
from twin_pipeline.output import SITES
from twin_pipeline.preparing import prepared
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site, require_scans

RESULT = "result.npz"
"""File in sites/NAME with the outcome of a site, so that finished sites need not be run again."""

Work = Callable[[Site, Path, Progress], SiteOutcome]
"""Runs a site and writes its tiles below a folder."""

Describe = Callable[[SiteOutcome, Path], None]

_REWRITTEN = ".rewritten"

one_at_a_time = threading.Lock()
"""Held by who works in this process: kernels may use all of the machine, and not twice at once."""


@dataclass(frozen=True, slots=True)
class Done:
    """What is told of a site that is done; the rest it wrote."""

    inputs: tuple[InputFile, ...]
    timings: Mapping[str, float]
    memory_mb: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a site failed."""

    site: str
    scans: tuple[str, ...]
    kind: str
    """Class of the error."""
    reason: str
    """One line that names file and value."""
    remedy: str
    exit_code: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as run.json has it."""
        return asdict(self) | {"scans": list(self.scans)}


def perform(
    work: Work,
    site: Site,
    folder: Path,
    progress: Progress,
    describe: Describe | None = None,
) -> Done:
    """Run a site; what it writes, outcome included, stands below `folder` afterwards.

    `describe` writes more into the site's own folder, from its outcome.
    Sites of one process run one after the other: each may use all of the machine.
    """
    with one_at_a_time:
        require_scans(site)
        folder.mkdir(parents=True)
        with prepared(site, folder / _REWRITTEN) as ready:
            outcome = ready.told(work(ready.site, folder, progress))
        place = folder / SITES / site.name
        place.mkdir(parents=True, exist_ok=True)
        write_bytes(place / RESULT, pack(_lasting(outcome)))
        if describe is not None:
            describe(outcome, place)
    return Done(outcome.inputs, dict(outcome.timings), dict(outcome.memory_mb))


def outcome_at(root: Path, name: str, state: Mapping[str, Any]) -> SiteOutcome:
    """Return the outcome that `perform` wrote; timings and memory are those of `state`.

    Raises
    ------
    InputError
        When another version wrote it.
    """
    path = root / SITES / name / RESULT
    outcome: SiteOutcome = unpack(path.read_bytes(), path)
    return replace(outcome, timings=state["timings_s"], memory_mb=state["memory_mb"])


def failure_of(site: Site, error: BaseException) -> Failure:
    """Return what is to be told of an error that ended a site."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, TwinPipelineError):
        reason, remedy, code = text, error.remedy, error.exit_code
    elif isinstance(error, MemoryError):
        reason, code = f"{site.scan}: not enough memory ({text})", 1
        remedy = "cut or thin the scan, or give fewer --jobs; then run again with --resume"
    elif isinstance(error, OSError):
        reason, code = f"{error.filename or site.scan}: {error.strerror or text}", 1
        remedy = "check the file's rights and the disk's free space; then run again with --resume"
    else:
        reason, code = f"{site.scan}: internal error ({type(error).__name__}: {text})", 1
        remedy = "please report it, with the scan if you may"
    scans = tuple(map(str, site.scans))
    return Failure(site.name, scans, type(error).__name__, reason, remedy, code)


def _lasting(outcome: SiteOutcome) -> SiteOutcome:
    """Leave out what differs from run to run, and the labels of points but for their count.

    The tiles hold the labels; thousands of sites' would fill the memory.
    """
    survey = outcome.result.survey
    counted = np.broadcast_to(np.uint16(0), survey.point_labels.shape)
    result = replace(outcome.result, survey=replace(survey, point_labels=counted))
    return replace(outcome, result=result, timings={}, memory_mb={})
