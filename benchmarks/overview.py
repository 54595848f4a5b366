"""`python -m benchmarks overview`: the network page from the attribute files of many sites.

The sites are made up, with covers, sizes, years and qualities as a city has them; their files are
written by the exporter itself. What is timed is the command, from the files to the page.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.made_pipes import georeference, pipe_with, stations_at
from twin_pipeline.config import Config
from twin_pipeline.crs import scan_target
from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.csv_tables import write_csv_tables
from twin_pipeline.export.dataset import Dataset
from twin_pipeline.export.geoparquet import write_geoparquet
from twin_pipeline.export.run_record import InputFile, RunFacts, run_record, write_run_record
from twin_pipeline.model import JobFacts, Pipe, Quality, Role, Survey
from twin_pipeline.network import Wanted, overview
from twin_pipeline.progress import Progress

SEED = 20260401
_SIZES = {"DIP": (75, 100, 150, 200, 300), "HPPE": (50, 75, 100, 150), "SP": (400, 500)}
_OUTER_M = {
    50: 0.063,
    75: 0.093,
    100: 0.118,
    150: 0.169,
    200: 0.22,
    300: 0.3228,
    400: 0.4064,
    500: 0.508,
}


def main(arguments: Sequence[str]) -> int:
    """Print one line a source of the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks overview", description=__doc__)
    parser.add_argument("--sites", type=int, default=10_000)
    sites = parser.parse_args(arguments).sites
    with tempfile.TemporaryDirectory(prefix="overview-") as folder:
        for name in ("GeoParquet", "CSV"):
            out = Path(folder) / name
            make_network(out, sites, parquet=name == "GeoParquet")
            clock, cpu = time.perf_counter(), time.process_time()
            done = overview(
                [out], Path(folder) / "page", Wanted((0.6, 1.2)), Progress(), overwrite=True
            )
            wall_s, cpu_s = time.perf_counter() - clock, time.process_time() - cpu
            totals = done.record["totals"]
            page_mb = done.page.stat().st_size / 1e6
            print(
                f"{name}: {totals['sites']:,} sites, {totals['pipes']:,} pipes, "
                f"{totals['stations']:,} stations, {totals['length_km']:,.1f} km: "
                f"{wall_s:.1f} s, {cpu_s:.1f} s of processor, page {page_mb:.1f} MB"
            )
    return 0


def make_network(out: Path, sites: int, *, parquet: bool, seed: int = SEED) -> None:
    """Write the output folder of a run of made sites: run.json, and the attribute files."""
    results = list(_sites(sites, np.random.default_rng(seed)))
    out.mkdir(parents=True)
    write_csv_tables(results, out)
    if parquet:
        folder = out / "export" / "geoparquet"
        folder.mkdir(parents=True)
        write_geoparquet(Dataset(tuple(results), scan_target(results[0].georeference)), folder)
    facts = RunFacts(
        version="0",
        started_at="2026-04-01T09:00:00+09:00",
        finished_at="2026-04-01T17:00:00+09:00",
        config=Config().model_dump(mode="json"),
        inputs=tuple(InputFile(r.survey.site, f"{r.survey.site}.laz", "", 0) for r in results),
        timings_s={},
    )
    write_run_record(run_record(results, facts), out / "run.json")


def _sites(count: int, rng: np.random.Generator) -> Iterator[SiteResult]:
    """Yield sites over some 20 km of Tokyo."""
    placed = georeference()
    for number in range(count):
        corner = np.array([rng.uniform(-20_000, 0), rng.uniform(-45_000, -30_000)])
        pipes = tuple(_pipe(f"P{n:02d}", corner + n, rng) for n in range(1 + number % 3))
        ring = corner + np.array([(-1, -2), (31, -2), (31, 4), (-1, 4), (-1, -2)])
        survey = Survey(f"site-{number:05d}", pipes, np.empty(0, np.uint16), (ring,), 30.0)
        yield SiteResult(survey, placed)


def _pipe(pipe_id: str, start: Any, rng: np.random.Generator) -> Pipe:
    material = str(rng.choice(list(_SIZES)))
    size = int(rng.choice(_SIZES[material]))
    length_m = float(rng.uniform(6, 28))
    chainage_m = np.append(np.arange(0.0, length_m, 1.0), length_m)
    count = len(chainage_m)
    cover_m = rng.gamma(40.0, 0.03) + 0.03 * np.sin(chainage_m / 4)
    centre = np.column_stack(
        (start[0] + chainage_m, np.full(count, start[1]), 30.0 - cover_m - _OUTER_M[size] / 2)
    )
    std_m = float(rng.gamma(4.0, 0.001))
    seen = rng.random(count) < rng.uniform(0.3, 1.0)
    stations = stations_at(chainage_m, centre, 30.0, _OUTER_M[size], std_m, seen)
    quality = str(rng.choice(["good", "good", "good", "usable", "poor"]))
    year = None if rng.random() < 0.2 else int(rng.integers(1965, 2026))
    return replace(
        pipe_with(pipe_id, centre[[0, -1]], stations, material, size),
        role=Role(str(rng.choice(["main", "main", "branch", "crossing"]))),
        nominal_diameter_mm=None if rng.random() < 0.05 else size,
        quality=Quality(quality),
        quality_reason=f"made to be {quality}",
        job=replace(JobFacts(), laid_fiscal_year=year),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
