"""The attribute files of finished runs: GeoParquet where it holds all of the run, else CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_pipeline.errors import InputError, UsageError
from twin_pipeline.export.names import EXPORT
from twin_pipeline.output import read_record

LAYERS = ("pipes", "stations")


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A site as run.json has it."""

    name: str
    lon_deg: float | None
    lat_deg: float | None
    crs: dict[str, Any]
    """What restores its georeference."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished run."""

    out: Path
    sites: tuple[Site, ...]
    failed_sites: int
    failed_gates: tuple[str, ...]
    """Names of the quality gates that were not passed, one a gate."""
    finished_at: str
    counts: dict[str, int]
    files: dict[str, tuple[Path, ...]]
    """Attribute files by layer."""
    parquet: bool
    """Whether they are GeoParquet."""


def read_runs(outs: Sequence[Path]) -> tuple[Run, ...]:
    """Return what the runs tell of themselves and where their attribute files are.

    Raises
    ------
    InputError
        When a folder is no finished output of `run`.
    UsageError
        When two runs have a site of the same name.
    """
    runs = tuple(map(_run, outs))
    seen: dict[str, Path] = {}
    for run in runs:
        for site in run.sites:
            before = seen.setdefault(site.name, run.out)
            if before is not run.out:
                raise UsageError(
                    f"{run.out}: its site {site.name!r} is in {before} as well, and would count "
                    "twice; leave one of them out"
                )
    return runs


def _run(out: Path) -> Run:
    record = read_record(out)
    parquet = _parquet(out)
    files = parquet or _csv(out)
    try:
        sites = tuple(
            Site(site["name"], site["centre_lon_deg"], site["centre_lat_deg"], site["crs"])
            for site in record["sites"]
        )
        return Run(
            out=out,
            sites=sites,
            failed_sites=len(record.get("failed_sites", ())),
            failed_gates=tuple(g["name"] for g in record["gates"] if not g["passed"]),
            finished_at=record["finished_at"],
            counts=record["counts"],
            files=files,
            parquet=bool(parquet),
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{out}/run.json: has no {error}; run the scans again") from error


def _parquet(out: Path) -> dict[str, tuple[Path, ...]]:
    """Return the GeoParquet files by layer, in one folder or one a system; none where absent."""
    folder = out / EXPORT / "geoparquet"
    found = {layer: tuple(_named(folder, f"{layer}.parquet")) for layer in LAYERS}
    return found if all(found.values()) else {}


def _named(folder: Path, name: str) -> Iterator[Path]:
    if (folder / name).is_file():
        yield folder / name
    else:
        yield from sorted(folder.glob(f"*/{name}"))


def _csv(out: Path) -> dict[str, tuple[Path, ...]]:
    files: dict[str, tuple[Path, ...]] = {layer: (out / f"{layer}.csv",) for layer in LAYERS}
    for path in (file for held in files.values() for file in held):
        if not path.is_file():
            raise InputError(
                f"{path}: is missing; give output folders of `run`, `tile` measures no pipes"
            )
    return files
