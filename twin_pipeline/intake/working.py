"""The work on one drop, in a process of its own: a crash or lack of memory costs one drop only."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from twin_pipeline.batch import grow_run
from twin_pipeline.checking import CheckItem, check_site
from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference
from twin_pipeline.durable.files import read_json, remove, write_json
from twin_pipeline.durable.work import STATE
from twin_pipeline.errors import (
    ClusterError,
    GeoreferenceError,
    InputError,
    OutputError,
    TwinPipelineError,
)
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.model import Pipe
from twin_pipeline.output import SITES
from twin_pipeline.performing import outcome_at
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site
from twin_pipeline.states import holds

_END_S = 20.0


@dataclass(frozen=True, slots=True)
class Task:
    """What a process is to do."""

    site: Site
    out: Path
    config: Config
    sha256: str
    checked: Path
    """Where the check's findings are kept for a later process."""
    keeps: bool
    """Whether an accepted site of that name stands in `out`, which nothing poorer may replace."""
    without: tuple[str, ...] = ()
    """Sites in `out` that this one is made of."""


class DiedError(Exception):
    """The process ended without a word; the text says how."""


def work_on(task: Task) -> dict[str, Any]:
    """Do a task in another process and return what it found.

    Raises
    ------
    DiedError
        When the process ended abnormally.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(task, sender), name="intake", daemon=False)
    process.start()
    sender.close()
    try:
        found: dict[str, Any] = receiver.recv()
        process.join(_END_S)
    except EOFError:
        process.join()
        raise DiedError(_ending(process.exitcode or 0)) from None
    finally:
        receiver.close()
        _end(process)
    return found


def _end(process: Any) -> None:  # noqa: ANN401 - of one of several classes
    """Make an end of a process that has not ended by itself."""
    for end in (process.terminate, process.kill):
        if process.exitcode is None:
            end()
            process.join(_END_S)
    process.close()


def _ending(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed, probably for lack of memory"
    return f"ended with signal {-code}" if code < 0 else f"ended with code {code}"


def _child(task: Task, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the watch's affair
    signal.signal(signal.SIGTERM, _terminate)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sender.send(_outcome(task))
    sender.close()


def _terminate(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _outcome(task: Task) -> dict[str, Any]:
    """Return what is found, or why there is nothing, JSON-ready."""
    try:
        return _found(task)
    except (OutputError, ClusterError, OSError, MemoryError) as error:
        return _error("later", error)
    except (InputError, GeoreferenceError) as error:
        return _error("refused", error)
    except TwinPipelineError as error:
        return _error("operator", error)
    except Exception as error:  # noqa: BLE001 - a bug costs one drop only
        return _error("internal", error)


def _error(kind: str, error: BaseException) -> dict[str, Any]:
    reason = " ".join(str(error).split()) or type(error).__name__
    if kind == "internal":
        reason = f"internal error ({type(error).__name__}: {reason})"
    return {"kind": kind, "error": type(error).__name__, "reason": reason}


def _found(task: Task) -> dict[str, Any]:
    standing = _standing(task)
    if standing is not None:
        return standing
    rewritten = task.checked.with_suffix(".rewritten")
    remove(rewritten)
    items = check_site(task.site, rewritten, Progress())
    found: dict[str, Any] = {"kind": "done", "check": [item.to_dict() for item in items]}
    write_json(task.checked, {"sha256": task.sha256, "check": found["check"]})
    if not _worth_it(items) or (task.keeps and not all(item.passed for item in items)):
        return found | {"in_output": False, "kept": task.keeps}
    summary = grow_run(task.site, task.out, task.config, Progress(), without=task.without)
    result = next(r for r in summary.results if r.survey.site == task.site.name)
    warnings = [w["message"] for w in summary.record["warnings"] if w["site"] == task.site.name]
    return found | {"in_output": True} | _measured(result, warnings)


def _standing(task: Task) -> dict[str, Any] | None:
    """Return what is found where an earlier process had put the site into the output folder."""
    state = read_json(task.out / SITES / task.site.name / STATE)
    checked = read_json(task.checked)
    if state is None or checked is None or checked.get("sha256") != task.sha256:
        return None
    if not holds("run", task.site, state):
        return None
    outcome = outcome_at(task.out, task.site.name, state)
    found = {"kind": "done", "check": checked["check"], "in_output": True}
    return found | _measured(outcome.result, list(outcome.warnings))


def _worth_it(items: Iterable[CheckItem]) -> bool:
    return all(item.passed for item in items if item.kind == "pipes")


def _measured(result: SiteResult, warnings: list[str]) -> dict[str, Any]:
    survey = result.survey
    place = result.georeference
    decisions = place.decisions if isinstance(place, Georeference) else {}
    return {
        "pipes": [_pipe(pipe) for pipe in survey.pipes],
        "points": len(survey.point_labels),
        "crs": {key: made.value for key, made in decisions.items()},
        "gates": [
            {"name": gate.name, "passed": gate.passed, "detail": gate.detail}
            for gate in survey.gates
        ],
        "warnings": [*survey.warnings, *(w for w in warnings if w not in survey.warnings)],
    }


def _pipe(pipe: Pipe) -> dict[str, Any]:
    names = (
        "pipe_id", "material", "nominal_diameter_mm", "quality_reason", "outer_diameter_m",
        "outer_diameter_std_m", "cover_min_m", "cover_mean_m", "cover_max_m", "cover_std_m",
        "length_m", "position_std_h_m", "position_std_v_m", "observed_fraction",
    )  # fmt: skip
    told = {name: _rounded(getattr(pipe, name)) for name in names}
    ends = {
        "start": [round(float(v), 3) for v in pipe.centreline[0]],
        "end": [round(float(v), 3) for v in pipe.centreline[-1]],
    }
    return told | {"role": pipe.role.value, "quality": pipe.quality.value} | ends


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value
