"""What all tests share: the versions in the header, the sample scan."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pytest
from factories import make_survey
from playwright.sync_api import Playwright, sync_playwright

ROOT = Path(__file__).parent.parent
SHOWN = ("numpy", "numba", "laspy", "lazrs", "pyproj", "shapely", "pyogrio", "pydantic")


def pytest_configure() -> None:
    """Let what tests start be interrupted, though a shell's background ignores interrupts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Name the packages and C libraries that results depend on."""
    import pyogrio
    import pyproj

    gdal = ".".join(map(str, pyogrio.__gdal_version__))
    packages = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    return [packages, f"GDAL {gdal}, PROJ {pyproj.proj_version_str}"]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Return the one Playwright of the test run: a second beside it would refuse to start."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def sample_scan() -> Path:
    """Return the scan that `make demo` runs."""
    return ROOT / "sample_data" / "trench_tokyo.laz"


@pytest.fixture(scope="session")
def sample_truth() -> dict[str, Any]:
    """Return what the sample scan was made from."""
    return json.loads((ROOT / "sample_data" / "trench_tokyo.truth.json").read_text("utf-8"))


@dataclass(frozen=True)
class SampleRun:
    """The sample scan, run as `make demo` runs it."""

    out: Path
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def sample_run(sample_scan, tmp_path_factory) -> SampleRun:
    """Run the sample scan once for all tests."""
    out = tmp_path_factory.mktemp("sample") / "out"
    settings = ["-c", ROOT / "configs" / "tokyo.toml", "--material", "DIP"]
    command = [sys.executable, "-m", "twin_pipeline", "run", sample_scan, *settings, "-o", out]
    done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
    return SampleRun(out, done.returncode, done.stdout, done.stderr)


@pytest.fixture
def make_scan(tmp_path) -> Callable[..., Path]:
    """Return a function that writes a small LAS file of pavement in Tokyo, with or without CRS."""

    def write(name: str = "site.las", *, crs: int | None = 6677, points: int = 2000) -> Path:
        rng = np.random.default_rng(points)
        header = laspy.LasHeader(point_format=3, version="1.2")
        header.scales, header.offsets = [0.001] * 3, [-12_800.0, -34_400.0, 0.0]
        if crs is not None:
            keys = [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, crs]
            record = np.array(keys, "<u2").tobytes()
            header.vlrs.append(laspy.VLR("LASF_Projection", 34735, "GeoTIFF keys", record))
        las = laspy.LasData(header)
        las.x = rng.uniform(-12_800, -12_790, points)
        las.y = rng.uniform(-34_400, -34_395, points)
        las.z = rng.normal(32.0, 0.003, points)
        path = tmp_path / name
        las.write(path)
        return path

    return write


@pytest.fixture
def known_pipes(monkeypatch) -> None:
    """Put the three pipes of `make_survey` in the place of detection; all else stays real.

    Several sites are done in this process, where the replacement is known.
    """
    from twin_pipeline import conducting, tiling

    def run_site(site, staging, progress):
        outcome = tiling.tile_site(site, staging, progress)
        survey = make_survey(site.name, gates=(), warnings=())
        return replace(outcome, result=replace(outcome.result, survey=survey))

    monkeypatch.setattr(conducting, "run_site", run_site)
    monkeypatch.setattr(conducting, "on_cluster", in_this_process)


def in_this_process(do, sites, work, resources, watch):
    """Stand in for the cluster."""
    from twin_pipeline.performing import failure_of

    _ = resources
    for number, site in enumerate(sites):
        attempt = work.attempt(number)
        try:
            yield site, attempt, do(site, attempt, watch.of(site))
        except Exception as error:  # noqa: BLE001 - as the cluster does
            yield site, attempt, failure_of(site, error)
