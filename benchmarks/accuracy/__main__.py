"""`python -m benchmarks.accuracy [SCENE ...]`: runs the suite and prints what it gave."""

import argparse
import hashlib
import os
import pickle
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import numpy as np

from benchmarks.accuracy.drawn import drawn_scenes
from benchmarks.accuracy.report import report
from benchmarks.accuracy.scenes import scenes
from benchmarks.accuracy.scoring import Score, score
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import load_config
from twin_pipeline.extraction import extract
from twin_pipeline.model import FloatArray, PointCloud
from twin_pipeline.synthetic import scan
from twin_pipeline.synthetic.scene import Scene
from twin_pipeline.synthetic.truth import Truth

CACHE = Path(tempfile.gettempdir()) / "twin_pipeline_accuracy"
CONFIG = Path(__file__).parents[2] / "configs" / "tokyo.toml"


def main() -> int:
    """Run the suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="scenes or parts of their names; default all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, help="write the report here as Markdown")
    parser.add_argument(
        "--seed",
        type=int,
        help="turn each scan and drop one point in fifty at random: nothing should hang on that",
    )
    parser.add_argument(
        "--drawn",
        type=int,
        metavar="COUNT",
        help="instead of the suite, scenes drawn at random from all that a trench may hold",
    )
    given = parser.parse_args()
    suite = scenes() if given.drawn is None else drawn_scenes(given.seed or 0, given.drawn)
    turned = given.seed if given.drawn is None else None
    chosen = {
        name: scene
        for name, scene in suite.items()
        if not given.names or any(part in name for part in given.names)
    }
    with ProcessPoolExecutor(given.jobs) as pool:
        scores = list(pool.map(_run, chosen, chosen.values(), repeat(turned)))
    text = report(scores)
    sys.stdout.write(text)
    if given.output:
        head = "# Accuracy on ray-cast scenes\n\nWritten by `make accuracy`; found less true.\n\n"
        given.output.write_text(head + text, encoding="utf-8")
    return 0


def _run(name: str, scene: Scene, seed: int | None) -> Score:
    xyz, truth = _scanned(scene)
    if seed is not None:
        xyz, truth = _disturbed(xyz, truth, seed)
    origin = np.round(np.median(xyz, axis=0))
    cloud = PointCloud(xyz - origin, origin)
    config = load_config(CONFIG)
    materials = {pipe.material for pipe in truth.pipes if pipe.role == "main"}
    if len(materials) == 1:
        nominal = config.nominal.model_copy(update={"material": materials.pop()})
        config = config.model_copy(update={"nominal": nominal})
    start = time.perf_counter()
    found = extract(cloud, config, load_catalogue(), lambda _: nullcontext())
    return score(name, found.pipes, truth, time.perf_counter() - start, len(xyz))


def _scanned(scene: Scene):
    """Return points and truth; scans are kept, as casting them takes longer than all the rest."""
    code = Path(sys.modules[Scene.__module__].__file__ or "").parent
    key = hashlib.sha256(scene.model_dump_json().encode())
    for source in sorted(code.glob("*.py")):
        key.update(source.read_bytes())
    path = CACHE / f"{key.hexdigest()[:24]}.pickle"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        made = scan(scene)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(pickle.dumps((made.xyz, made.truth)))
        part.replace(path)
    return pickle.loads(path.read_bytes())  # noqa: S301 - written above


def _disturbed(xyz: FloatArray, truth: Truth, seed: int) -> tuple[FloatArray, Truth]:
    """Turn a scan about the vertical through its middle and leave out a fiftieth of it."""
    rng = np.random.default_rng(seed)
    middle, angle = xyz.mean(axis=0), rng.uniform(0.0, 2.0 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    pipes = tuple(
        replace(pipe, centreline=(pipe.centreline - middle) @ turn.T + middle)
        for pipe in truth.pipes
    )
    kept = xyz[rng.random(len(xyz)) > 0.02]
    return (kept - middle) @ turn.T + middle, replace(truth, pipes=pipes)


if __name__ == "__main__":
    sys.exit(main())
