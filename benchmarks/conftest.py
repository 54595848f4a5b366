import os
from pathlib import Path

import pytest

from twin_pipeline.config import Config, load_config

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def scan() -> Path:
    """Return the scan to time: the sample with its 1.4 million points, or what is given."""
    return Path(os.environ.get("BENCHMARK_SCAN", ROOT / "sample_data" / "trench_tokyo.laz"))


@pytest.fixture(scope="session")
def config() -> Config:
    return load_config(ROOT / "configs" / "tokyo.toml")
