"""`python -m twin_pipeline.synthetic SCENE.toml -o DIR`: scan a scene into a folder."""

import argparse
import sys
from pathlib import Path

import numpy as np

from twin_pipeline.errors import OutputError, TwinPipelineError
from twin_pipeline.synthetic.scanning import Scan, scan
from twin_pipeline.synthetic.scene import load_scene
from twin_pipeline.synthetic.truth import write_truth
from twin_pipeline.synthetic.write import write_las


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m twin_pipeline.synthetic",
        description="Scan a scene: NAME.laz, NAME.truth.json, with --labels NAME.object_id.npy.",
    )
    parser.add_argument("scene", type=Path, metavar="SCENE.toml")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--crs", default="EPSG:6677", help="EPSG:<code>, WKT, or none")
    parser.add_argument("--labels", action="store_true", help="also write each point's object")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Scan the scene named on the command line; returns the exit code."""
    given = _arguments(arguments)
    try:
        result = scan(load_scene(given.scene))
        _write(result, given)
    except TwinPipelineError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _write(result: Scan, given: argparse.Namespace) -> None:
    stem = result.truth.scene.name
    try:
        given.output.mkdir(parents=True, exist_ok=True)
        crs = None if given.crs == "none" else given.crs
        write_las(result, given.output / f"{stem}.laz", crs=crs)
        write_truth(result.truth, given.output / f"{stem}.truth.json")
        if given.labels:
            np.save(given.output / f"{stem}.object_id.npy", result.object_id)
    except OSError as error:
        raise OutputError(f"{given.output}: can't write the scan: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
