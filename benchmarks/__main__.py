"""`python -m benchmarks [stages|rival|scaling|overview|many]`: runs benchmarks and prints figures.

stages    every stage beside the decoding of its input (the default)
rival     the extraction beside CGAL's Efficient RANSAC on the same clouds
scaling   time and memory of the extraction as scans grow
overview  the network page from the attribute files of 10,000 sites
many      time and memory of planning, merging and publishing as sites grow in number
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

NAMES = {
    "test_decode": "decoding alone",
    "test_run": "run_site",
    "test_run_command": "command run",
    "test_tile_command": "command tile",
    "test_tile_command_of_py3dtiles": "command py3dtiles, from LAS",
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks that are asked for; returns the exit code."""
    what, *rest = arguments or ["stages"]
    if what == "rival":
        from benchmarks.rival import main as compare

        return compare(rest)
    if what == "scaling":
        from benchmarks.scaling import main as scale

        return scale(rest)
    if what == "overview":
        from benchmarks.overview import main as look

        return look(rest)
    if what == "many":
        from benchmarks.many import main as multiply

        return multiply(rest)
    if what != "stages" or rest:
        print(__doc__, file=sys.stderr)
        return 2
    return _stages()


def _stages() -> int:
    """Run the benchmarks of pytest; returns its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        options = ["-q", "-p", "no:cacheprovider", "--benchmark-disable-gc"]
        options += [f"--benchmark-json={result}", "--benchmark-columns=median,rounds"]
        place = str(Path(__file__).parent)
        done = subprocess.run([sys.executable, "-m", "pytest", place, *options], check=False)
        if result.exists():
            print(_table(json.loads(result.read_text("utf-8"))["benchmarks"]))
    return done.returncode


def _table(benchmarks: list[dict]) -> str:
    by_name = {entry["name"]: entry for entry in benchmarks}
    limit = by_name["test_decode"]
    points, limit_s = limit["extra_info"]["points"], limit["stats"]["median"]
    lines = [f"{points:,} points", f"{'':32}{'seconds':>9}{'M points/s':>12}{'x decoding':>12}"]
    for name, seconds in _rows(by_name):
        rate = points / seconds / 1e6 if seconds else float("inf")
        lines.append(f"{name:32}{seconds:9.2f}{rate:12.2f}{seconds / limit_s:12.1f}")
    return "\n".join(lines)


def _rows(by_name: dict[str, dict]) -> Iterator[tuple[str, float]]:
    for name, title in NAMES.items():
        if name not in by_name:
            continue
        yield title, by_name[name]["stats"]["median"]
        for stage, seconds in by_name[name]["extra_info"].get("timings_s", {}).items():
            yield f"  {stage}", seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
