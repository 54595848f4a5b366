"""The command compare-counts."""

import json
from dataclasses import dataclass
from pathlib import Path

import typer

from twin_pipeline.cli.failures import GATE_FAILED
from twin_pipeline.cli.table import aligned
from twin_pipeline.config import load_config
from twin_pipeline.counts.compare import Comparison, Group, compare
from twin_pipeline.counts.metrics import Value
from twin_pipeline.counts.places import load_places
from twin_pipeline.counts.record import record_of
from twin_pipeline.counts.report import CRITERIA, name_of
from twin_pipeline.counts.write import RECORD, write_comparison
from twin_pipeline.errors import UsageError
from twin_pipeline.output import require_free


@dataclass(frozen=True, slots=True)
class Given:
    """Files beside the counts, and where the results go; None where not given."""

    config: Path | None
    mapping: Path | None
    sites: Path | None
    out: Path | None
    overwrite: bool = False


def compare_counts(sensor: Path, manual: Path, given: Given, *, as_json: bool, quiet: bool) -> None:
    """Print how right the sensor counts are; exit with GATE_FAILED if a threshold isn't met."""
    options = load_config(given.config).counts
    if given.sites is not None and given.out is None:
        raise UsageError("--sites places the layer counts.czml: give -o OUT too")
    if given.out is not None:
        inputs = (sensor, manual)
        require_free(given.out, overwrite=given.overwrite, inputs=inputs, record=RECORD)
    places = {} if given.sites is None else load_places(given.sites)
    comparison = compare(sensor, manual, given.mapping, options)
    unplaced = [site for site in comparison.joined.clocks if places and site not in places]
    warnings = [*comparison.warnings]
    if unplaced:
        warnings.append(f"{given.sites}: has no position of {', '.join(unplaced)}")
    if not quiet:
        for warning in warnings:
            typer.echo(f"warning: {warning}", err=True)
    if given.out is not None:
        write_comparison(comparison, places, given.out, overwrite=given.overwrite)
    if as_json:
        typer.echo(json.dumps(record_of(comparison), ensure_ascii=False, indent=2))
    else:
        _print(comparison, given.out)
    _end(comparison)


def _print(comparison: Comparison, out: Path | None) -> None:
    heads = ("group", "bins", "bias %", "MAE", "MAPE %", "GEH ok", "correlation")
    levels = ("overall", "vehicle_class", "site_direction")
    rows = [_row(group) for group in comparison.groups if group.level in levels]
    typer.echo(aligned([heads, *rows]))
    typer.echo("")
    clocks = comparison.joined.clocks.items()
    typer.echo(
        aligned(
            [("clock", site or "sensor", clock.state.value, clock.reason) for site, clock in clocks]
        )
    )
    if out is not None:
        typer.echo(f"\nreport  {out / 'report.html'}")


def _row(group: Group) -> tuple[str, ...]:
    m = group.metrics
    return (
        name_of(group),
        f"{m.bins}/{group.manual_bins}",
        _told(m.bias_percent, "{:+.1f}"),
        _told(m.mae, "{:.1f}"),
        _told(m.mape_percent, "{:.1f}"),
        _told(m.geh_share, "{:.0%}"),
        _told(m.correlation, "{:.3f}"),
    )


def _told(value: Value, form: str) -> str:
    if value.value is None:
        return "-"
    if value.low is None or value.high is None:
        return form.format(value.value)
    return f"{form} ({form} to {form})".format(value.value, value.low, value.high)


def _end(comparison: Comparison) -> None:
    for criterion in comparison.criteria:
        if not criterion.passed:
            value = "unknown" if criterion.value is None else f"{criterion.value:.3g}"
            sense = "at least" if criterion.at_least else "at most"
            typer.echo(
                f"twin-pipeline: {name_of(criterion.group)}: {CRITERIA[criterion.name][1]} "
                f"{value}, must be {sense} {criterion.limit:g}",
                err=True,
            )
    if not comparison.passed:
        raise typer.Exit(GATE_FAILED)
