"""From the outcomes of the sites to the facts of the run."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import twin_pipeline
from twin_pipeline.config import Config
from twin_pipeline.crs import Georeference, height_disagreements
from twin_pipeline.export.run_record import RunFacts
from twin_pipeline.outcome import SiteOutcome
from twin_pipeline.performing import Failure

_Number = TypeVar("_Number", int, float)


def facts_of(
    outcomes: Sequence[SiteOutcome],
    failures: Sequence[Failure],
    config: Config,
    started: dt.datetime,
) -> RunFacts:
    """Return what run.json and the report tell besides the sites' results."""
    warnings = [warning for outcome in outcomes for warning in outcome.warnings]
    return RunFacts(
        version=twin_pipeline.__version__,
        started_at=started.isoformat(timespec="seconds"),
        finished_at=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        config=config.model_dump(mode="json"),
        inputs=tuple(scan for outcome in outcomes for scan in outcome.inputs),
        timings_s=_summed(outcome.timings for outcome in outcomes),
        memory_mb=_greatest(outcome.memory_mb for outcome in outcomes),
        counts=_summed(outcome.counts for outcome in outcomes),
        site_facts={
            outcome.result.survey.site: {
                "timings_s": _rounded(outcome.timings, 3),
                "memory_mb": _rounded(outcome.memory_mb, 1),
            }
            for outcome in outcomes
        },
        failed_sites=tuple(failure.to_dict() for failure in failures),
        warnings=(
            *warnings,
            *_disagreements(outcomes),
            *(f"site {f.site} failed: {f.reason}" for f in failures),
        ),
    )


def _disagreements(outcomes: Sequence[SiteOutcome]) -> tuple[str, ...]:
    results = [outcome.result for outcome in outcomes]
    placed = {
        result.survey.site: result.georeference
        for result in results
        if isinstance(result.georeference, Georeference)
    }
    return height_disagreements(placed)


def _summed(parts: Iterable[Mapping[str, _Number]]) -> dict[str, _Number]:
    total: dict[str, _Number] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total[name] + value if name in total else value
    return total


def _greatest(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    most: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            most[name] = max(most.get(name, 0.0), value)
    return most


def _rounded(values: Mapping[str, float], digits: int) -> dict[str, float]:
    return {name: round(float(value), digits) for name, value in values.items()}
