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
from pathlib import Path

import numpy as np

from benchmarks.accuracy.report import report
from benchmarks.accuracy.scenes import scenes
from benchmarks.accuracy.scoring import Score, score
from twin_pipeline.catalogue import load_catalogue
from twin_pipeline.config import load_config
from twin_pipeline.extraction import extract
from twin_pipeline.model import PointCloud
from twin_pipeline.synthetic import scan
from twin_pipeline.synthetic.scene import Scene

CACHE = Path(tempfile.gettempdir()) / "twin_pipeline_accuracy"
CONFIG = Path(__file__).parents[2] / "configs" / "tokyo.toml"


def main() -> int:
    """Run the suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="scenes or parts of their names; default all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, help="write the report here as Markdown")
    given = parser.parse_args()
    chosen = {
        name: scene
        for name, scene in scenes().items()
        if not given.names or any(part in name for part in given.names)
    }
    with ProcessPoolExecutor(given.jobs) as pool:
        scores = list(pool.map(_run, chosen, chosen.values()))
    text = report(scores)
    sys.stdout.write(text)
    if given.output:
        head = "# Accuracy on ray-cast scenes\n\nWritten by `make accuracy`; found less true.\n\n"
        given.output.write_text(head + text, encoding="utf-8")
    return 0


def _run(name: str, scene: Scene) -> Score:
    xyz, truth = _scanned(scene)
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


if __name__ == "__main__":
    sys.exit(main())
