"""How far a run is, from what it has left on disk."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twin_pipeline.durable.files import entries, read_json
from twin_pipeline.durable.work import STATE, at_work, plan_of, work_path
from twin_pipeline.errors import InputError
from twin_pipeline.output import RECORD, SITES


@dataclass(frozen=True, slots=True)
class Standing:
    """What a run has done."""

    state: str
    """running, interrupted or finished."""
    total: int
    done: list[str]
    failed: list[Mapping[str, Any]]
    """As in run.json."""
    running: Mapping[str, str] = field(default_factory=dict)
    """Stage by site, with how much of it is done where that is known."""
    started_at: str | None = None
    holder: str | None = None
    """Process that works on it."""
    advice: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return asdict(self)


def standing_of(out: Path) -> Standing:
    """Return how far the run at an output folder is.

    Raises
    ------
    InputError
        When there is neither a finished nor an unfinished run.
    """
    holder = at_work(out)
    plan = plan_of(out)
    if plan is not None and (work_path(out) / "stage").is_dir():
        return _unfinished(out, plan, holder)
    record = read_json(out / RECORD)
    if record is not None:
        return standing_from(record)
    if holder:
        return Standing("running", 0, [], [], holder=holder)
    raise InputError(f"{out}: no run is there, neither finished nor interrupted; see -o of `run`")


def _unfinished(out: Path, plan: Mapping[str, Any], holder: str | None) -> Standing:
    folder = work_path(out)
    sites: list[str] = plan.get("sites", [])
    known = [site for site in sites if (folder / "stage" / SITES / site / STATE).is_file()]
    running = [read_json(path) for path in entries(folder / "running")]
    return Standing(
        state="running" if holder else "interrupted",
        total=len(sites),
        done=known,
        failed=[found for path in entries(folder / "failed") if (found := read_json(path))],
        running={found["site"]: _stage(found) for found in running if found} if holder else {},
        started_at=plan.get("started_at"),
        holder=holder,
        advice=None if holder else "give the same command again with --resume",
    )


def _stage(running: Mapping[str, Any]) -> str:
    total = running.get("total")
    return f"{running['stage']}, {running['done'] / total:.0%}" if total else running["stage"]


def standing_from(record: Mapping[str, Any]) -> Standing:
    """Return what the record of a finished run tells."""
    failed = list(record.get("failed_sites", []))
    done = [site["name"] for site in record.get("sites", [])]
    return Standing(
        state="finished",
        total=len(done) + len(failed),
        done=done,
        failed=failed,
        started_at=record.get("started_at"),
        advice="mend what failed, then give the same command with --resume" if failed else None,
    )
