"""`python -m benchmarks many`: what a batch costs besides its sites, as they grow in number.

A few small sites are run. Each is then copied under other names until there are enough, which are
noted as done by the code that notes the sites of any run. What follows is an ordinary
`run --resume` that finds all sites done and has only to merge and publish, one that finds nothing
to do at all, `status` and `validate`. Each step runs in a process of its own, whose peak of memory
is told; of costs that grow linearly the figures a site stay the same.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.torture import SETTINGS, finished, make_scans, run
from twin_pipeline.batch import run_batch
from twin_pipeline.codec import pack
from twin_pipeline.config import Config, load_config
from twin_pipeline.delivering import describe_site, is_paged
from twin_pipeline.durable.files import link_tree, write_bytes
from twin_pipeline.durable.work import Work, work_folder
from twin_pipeline.outcome import SiteOutcome
from twin_pipeline.output import SITES
from twin_pipeline.performing import RESULT, Done, outcome_at
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site, site_of
from twin_pipeline.standing import standing_of
from twin_pipeline.states import Seen, state_of
from twin_pipeline.validation import validate_output

COUNTS = (50, 100, 200, 400, 800)
STEPS = ("note", "merge", "resume", "status", "validate")
FILES = ("run.json", "report.html", "pipes.gpkg", "pipes.geojson", "catalog.json", "viewer.json")
_ORIGINALS = 8
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def main(arguments: Sequence[str]) -> int:
    """Print a line a count: processor time a site of each step, peaks of memory, sizes of files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks many", description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="sites")
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.step:
        name, folder = given.step
        print(json.dumps(_measured(name, Path(folder), given.counts[0])))
        return 0
    print("| sites | " + " | ".join(f"{step} ms a site, MB" for step in STEPS) + " | MB of files |")
    print("|---" * (len(STEPS) + 2) + "|", flush=True)
    with tempfile.TemporaryDirectory(prefix="many-") as name:
        folder = Path(name)
        scans = make_scans(folder / "scans", _ORIGINALS)
        finished(run(scans, folder / "originals"))
        for count in given.counts:
            told = [_in_a_process(step, folder, count) for step in STEPS]
            cells = [f"{1000 * t['s'] / count:.2f}, {t['mb']:.0f}" for t in told]
            print(f"| {count} | {' | '.join(cells)} | {_sizes(_out(folder, count))} |", flush=True)
    return 0


def _in_a_process(step: str, folder: Path, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks", "many", "--counts", str(count)]
    command += ["--step", step, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _measured(step: str, folder: Path, count: int) -> dict[str, float]:
    sites, out = _sites(folder, count), _out(folder, count)
    work = {
        "note": lambda: _note(sites, folder / "originals", out),
        "merge": lambda: run_batch(sites, out, sites[0].config, Progress(), resume=True),
        "resume": lambda: run_batch(sites, out, sites[0].config, Progress(), resume=True),
        "status": lambda: standing_of(out),
        "validate": lambda: validate_output(out),
    }[step]
    began = time.process_time()
    work()
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
    return {"s": seconds, "mb": peak / 1e6}


def _out(folder: Path, count: int) -> Path:
    return folder / f"out-{count}"


def _sites(folder: Path, count: int) -> list[Site]:
    config = _config()
    scans = sorted((folder / "scans").iterdir())
    alike = [site_of(scans[number % len(scans)], config) for number in range(count)]
    return [replace(site, name=f"site {number:05d}") for number, site in enumerate(alike)]


def _config() -> Config:
    """Return what the originals were run with."""
    flags = dict(zip(SETTINGS[1::2], SETTINGS[2::2], strict=True))
    environment = {
        "TWIN_PIPELINE_CRS__CRS": flags["--crs"],
        "TWIN_PIPELINE_CRS__VERTICAL": flags["--vertical"],
        "TWIN_PIPELINE_CRS__AXIS_ORDER": flags["--axis-order"],
        "TWIN_PIPELINE_NOMINAL__MATERIAL": flags["--material"],
    }
    return load_config(None, environment=environment)


def _note(sites: Sequence[Site], originals: Path, out: Path) -> None:
    """Note copies of sites that were run as done, in the work folder of an interrupted run."""
    known = {site.scan: _outcome(originals, site.scan.stem) for site in sites[:_ORIGINALS]}
    with work_folder(out, overwrite=False, resume=True) as work:
        work.begin({"command": "run", "sites": [site.name for site in sites]})
        for number, site in enumerate(sites):
            _note_one(work, number, site, originals, known[site.scan], len(sites))


def _outcome(originals: Path, name: str) -> SiteOutcome:
    return outcome_at(originals, name, {"timings_s": {"read": 1.0}, "memory_mb": {"read": 100.0}})


def _note_one(
    work: Work, number: int, site: Site, originals: Path, known: SiteOutcome, count: int
) -> None:
    seen, attempt = Seen.of(site), work.attempt(number)
    for layer in (originals / "tiles").iterdir():
        if (made := layer / site.scan.stem).is_dir():
            link_tree(made, attempt / "tiles" / layer.name / site.name)
    survey = replace(known.result.survey, site=site.name)
    inputs = tuple(replace(scan, site=site.name) for scan in known.inputs)
    outcome = replace(known, result=replace(known.result, survey=survey), inputs=inputs)
    place = attempt / SITES / site.name
    place.mkdir(parents=True)
    write_bytes(place / RESULT, pack(replace(outcome, timings={}, memory_mb={})))
    describe_site(outcome, place, site.config, paged=is_paged(count))
    done = Done(outcome.inputs, known.timings, known.memory_mb)
    work.commit(site.name, attempt, state_of("run", site, seen, done))


def _sizes(out: Path) -> str:
    tilesets = sum(path.stat().st_size for path in (out / "tiles").glob("*.json"))
    sizes = {name: (out / name).stat().st_size for name in FILES} | {"tiles/*.json": tilesets}
    return ", ".join(f"{name} {size / 1e6:.2f}" for name, size in sizes.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
