"""What all tests share: the versions in the header, the sample scan."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SHOWN = ("numpy", "numba", "laspy", "lazrs", "pyproj", "shapely", "pyogrio", "pydantic")


def pytest_report_header() -> list[str]:
    """Name the packages and C libraries that results depend on."""
    import pyogrio
    import pyproj

    gdal = ".".join(map(str, pyogrio.__gdal_version__))
    packages = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    return [packages, f"GDAL {gdal}, PROJ {pyproj.proj_version_str}"]


@pytest.fixture(scope="session")
def sample_scan() -> Path:
    """Return the scan that `make demo` runs."""
    return ROOT / "sample_data" / "trench_tokyo.laz"


@pytest.fixture(scope="session")
def sample_truth() -> dict[str, Any]:
    """Return what the sample scan was made from."""
    return json.loads((ROOT / "sample_data" / "trench_tokyo.truth.json").read_text("utf-8"))
