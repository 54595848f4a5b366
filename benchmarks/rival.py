"""`python -m benchmarks rival [SCENE ...]`: the extraction beside CGAL's Efficient RANSAC.

Both get the same points in the same process, one after the other; times are shown as they are and
as a ratio, which hangs less on the machine. What each finds is held against the scene's truth.
"""

import argparse
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy.__main__ import _scanned
from benchmarks.accuracy.scenes import scenes
from benchmarks.accuracy.scoring import BIN_M, MIN_ARC_DEG, STEP_M, _dense, _nearest, _on
from benchmarks.efficient_ransac import Seconds, Stopwatch, cylinders_in, require_cgal
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import load_config
from twin_pipeline.extraction import extract
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.synthetic.truth import PipeTruth, Truth

CONFIG = Path(__file__).parent.parent / "configs" / "tokyo.toml"
SCENES = (
    "dip75", "dip150", "dip300", "sp800", "bend45_dip200", "two_thirds_buried_dip200",
    "mounds_dip150", "noise12_dip150", "density20000_dip100", "crossing_above", "struts_dip150",
    "empty_cluttered",
)  # fmt: skip
FOUND = 0.8
"""Recall from which on a main counts as found."""
CLEAR = 0.2
"""And from which on it counts as found in part."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one program found in a scene."""

    seconds: Seconds
    recalls: tuple[float, ...]
    """Of each main."""
    errors_m: tuple[float, ...]
    """Of the diameter of each main found at least in part."""
    pieces: int
    """Found on mains."""
    false_m: float


def main(arguments: Sequence[str]) -> int:
    """Print the comparison."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks rival", description=__doc__)
    parser.add_argument("names", nargs="*", default=SCENES, help="scenes of the accuracy suite")
    parser.add_argument(
        "--points",
        type=float,
        nargs="+",
        help="millions, one after the other; default: the suite's",
    )
    given = parser.parse_args(arguments)
    require_cgal()
    _ours(*_scanned(scenes()["dip150"]))  # compiles
    print(_HEAD)
    outcomes = [
        _compare(name, millions) for name in given.names for millions in given.points or [None]
    ]
    print(_total(outcomes))
    return 0


_HEAD = (
    "| scene | points | CGAL s | extraction s | ratio (processor) | mains: CGAL | extraction "
    "| pieces: CGAL | OD error mm: CGAL | refitted | extraction | false m: CGAL | extraction |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def _compare(name: str, millions: float | None) -> tuple[Outcome, Outcome, Outcome]:
    scene = scenes()[name]
    if millions is not None:
        many = {"points": round(1e6 * millions), "density_per_m2": None}
        scene = scene.model_copy(update={"scanner": scene.scanner.model_copy(update=many)})
    xyz, truth = _scanned(scene)
    ours = _ours(xyz, truth)
    raw, refitted, seconds = cylinders_in(xyz)
    theirs, refit = (_outcome(found, truth, seconds) for found in (raw, refitted))
    a, b = theirs.seconds, ours.seconds
    cells = [
        name, f"{len(xyz):,}", f"{a.wall:.1f}", f"{b.wall:.1f}",
        f"{a.wall / b.wall:.1f} ({a.processor / b.processor:.1f})",
        _found(theirs), _found(ours), str(theirs.pieces),
        _errors(theirs), _errors(refit), _errors(ours),
        f"{theirs.false_m:.1f}", f"{ours.false_m:.1f}",
    ]  # fmt: skip
    print("| " + " | ".join(cells) + " |", flush=True)
    return theirs, refit, ours


def _ours(xyz: FloatArray, truth: Truth) -> Outcome:
    origin = np.round(np.median(xyz, axis=0))
    cloud = PointCloud(xyz - origin, origin)
    config, catalogue = load_config(CONFIG), load_catalogue()
    watch = Stopwatch()
    found = extract(cloud, config, catalogue, lambda _: nullcontext())
    return _outcome(found.pipes, truth, watch.stop())


def _outcome(found, truth: Truth, seconds: Seconds) -> Outcome:
    mains = [pipe for pipe in truth.pipes if pipe.role == "main"]
    lines = [(item, _dense(np.asarray(item.centreline))) for item in found]
    false_m = sum(
        STEP_M * float(np.count_nonzero(~np.any([_on(line, item, p) for p in truth.pipes], axis=0)))
        if truth.pipes
        else STEP_M * len(line)
        for item, line in lines
    )
    recalls, errors, pieces = [], [], 0
    for pipe in mains:
        on = [(item, line[_on(line, item, pipe)]) for item, line in lines]
        on = [(item, line) for item, line in on if len(line)]
        recalls.append(_recall(pipe, [line for _, line in on]))
        pieces += len(on)
        if recalls[-1] >= CLEAR:
            longest = max(on, key=lambda pair: len(pair[1]))[0]
            errors.append(longest.outer_diameter_m - pipe.outer_diameter_m)
    return Outcome(seconds, tuple(recalls), tuple(errors), pieces, false_m)


def _recall(pipe: PipeTruth, lines: list[FloatArray]) -> float:
    seen = pipe.bin_arc_deg >= MIN_ARC_DEG
    covered = np.zeros(len(seen), bool)
    for line in lines:
        chainage, _, _ = _nearest(line, pipe)
        covered[np.unique((chainage / BIN_M).astype(int)).clip(0, len(seen) - 1)] = True
    return float((covered & seen).sum() / max(seen.sum(), 1))


def _found(outcome: Outcome) -> str:
    if not outcome.recalls:
        return "-"
    return ", ".join(f"{100 * recall:.0f} %" for recall in outcome.recalls)


def _errors(outcome: Outcome) -> str:
    return ", ".join(f"{1000 * error:+.1f}" for error in outcome.errors_m) or "-"


def _total(outcomes: list[tuple[Outcome, Outcome, Outcome]]) -> str:
    theirs, refit, ours = zip(*outcomes, strict=True)
    ratios = [a.seconds.wall / b.seconds.wall for a, b in zip(theirs, ours, strict=True)]
    least, most, median = min(ratios), max(ratios), float(np.median(ratios))
    lines = [
        f"time of CGAL over that of the extraction: {least:.1f}-{most:.1f}, median {median:.1f}"
    ]
    for name, group in (("CGAL", theirs), ("CGAL, refitted", refit), ("extraction", ours)):
        recalls = [recall for one in group for recall in one.recalls]
        errors = [abs(error) for one in group for error in one.errors_m]
        error_mm = 1000 * float(np.median(errors)) if errors else math.nan
        lines.append(
            f"{name}: {sum(r >= FOUND for r in recalls)} of {len(recalls)} mains found over "
            f"{100 * FOUND:.0f} % of their length, median |OD error| {error_mm:.2f} mm, "
            f"false pipe {sum(one.false_m for one in group):.1f} m"
        )
    return "\n" + "\n".join(f"- {line}" for line in lines)
