"""Tell before backfill whether a scan is good enough, and what must be scanned again."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from twin_pipeline.clock import Clock
from twin_pipeline.config import Config
from twin_pipeline.extraction import extract
from twin_pipeline.geometry.stretches import stretches
from twin_pipeline.model import Pipe, Quality
from twin_pipeline.picturing import picturing
from twin_pipeline.pipeline import catalogue_for
from twin_pipeline.preparing import readable_scan
from twin_pipeline.progress import Progress
from twin_pipeline.stages.describe import barrel_hidden
from twin_pipeline.stages.read import read_cloud

_STATION_INTERVAL_M = 0.1
_LONGEST_HIDDEN_M = 0.5


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One thing that was checked."""

    passed: bool
    subject: str
    """A pipe's id, or what the whole scan must show."""
    finding: str

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values."""
        return asdict(self)


def check_scan(scan: Path, config: Config, progress: Progress) -> tuple[CheckItem, ...]:
    """Find the pipes of a scan and say what is too poorly seen.

    Coordinates need no reference here: what counts is what was seen.

    Raises
    ------
    InputError
        When the scan can't be read.
    UsageError
        When the material is in no catalogue.
    OutputError
        When pictures are wanted and can't be written.
    """
    catalogue = catalogue_for(config)
    clock = Clock(progress)
    with clock.stage("read"), readable_scan(scan, config.read) as (path, _):
        cloud = read_cloud(path, axis_order=config.crs.axis_order)
    dense = config.describe.model_copy(update={"station_interval_m": _STATION_INTERVAL_M})
    config = config.model_copy(update={"describe": dense})
    with picturing(scan.stem, cloud, config) as observer:
        found = extract(cloud, config, catalogue, clock.stage, observer)
    items = [_pavement(found.ground is not None), _pipes(len(found.pipes))]
    for pipe in found.pipes:
        items += _of_pipe(pipe)
    return tuple(items)


def _pavement(seen: bool) -> CheckItem:  # noqa: FBT001 - the one thing it tells
    finding = "seen beside the trench" if seen else "not seen: scan the pavement on both sides"
    return CheckItem(seen, "pavement", finding)


def _pipes(count: int) -> CheckItem:
    finding = f"{count} found" if count else "none found: uncover the pipe and scan it again"
    return CheckItem(count > 0, "pipes", finding)


def _of_pipe(pipe: Pipe) -> Iterable[CheckItem]:
    yield CheckItem(pipe.quality is not Quality.POOR, pipe.pipe_id, pipe.quality_reason)
    for first, last in _hidden(pipe):
        yield CheckItem(
            False, pipe.pipe_id, f"hidden from {first:.1f} to {last:.1f} m: uncover and scan there"
        )


def _hidden(pipe: Pipe) -> Iterable[tuple[float, float]]:
    """Return first and last chainage of each hidden stretch; sockets are no part of the barrel."""
    at = pipe.stations.chainage_m
    for begin, end in stretches(barrel_hidden(at, pipe.stations.observed, pipe.fittings)):
        if at[end] - at[begin] >= _LONGEST_HIDDEN_M:
            yield float(at[begin]), float(at[end])
