"""`--debug-dir` as users give it."""

import subprocess
import sys

import pytest

from twin_pipeline.cli.flags import flags_of
from twin_pipeline.cli.scan_commands import Measuring
from twin_pipeline.config import load_config
from twin_pipeline.pictures.folder import INDEX

HEIGHTS = ("--vertical", "jgd2011", "--axis-order", "en")


def call(*arguments):
    command = [sys.executable, "-m", "twin_pipeline", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, encoding="utf-8")


@pytest.fixture
def scan(make_scan):
    """A pavement without excavation."""
    return make_scan(points=5_000)


def test_run_draws_into_a_folder_named_after_the_site_and_replaces_it_with_overwrite(
    scan, tmp_path
):
    command = ("run", scan, *HEIGHTS, "-o", tmp_path / "out", "--debug-dir", tmp_path / "debug")
    assert call(*command).returncode == 3
    index = tmp_path / "debug" / "site" / INDEX
    assert "how its pipes were found" in index.read_text("utf-8")
    index.write_text("mine", encoding="utf-8")

    (tmp_path / "out").rename(tmp_path / "elsewhere")
    refused = call(*command)
    assert refused.returncode == 1
    assert "debug/site: holds the pictures of an earlier run" in refused.stderr
    assert index.read_text("utf-8") == "mine"
    assert not (tmp_path / "out").exists()

    assert call(*command, "--overwrite").returncode == 3
    assert "how its pipes were found" in index.read_text("utf-8")


def test_check_draws_too(scan, tmp_path):
    assert call("check", scan, "--debug-dir", tmp_path).returncode == 3
    assert (tmp_path / "site" / INDEX).is_file()


def test_other_processes_draw_into_the_same_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = flags_of(Measuring(debug_dir=tmp_path.relative_to(tmp_path) / "debug"))
    config = load_config(None, environment={}, flags=flags)
    assert config.debug.folder == str(tmp_path / "debug")
