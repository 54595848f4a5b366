"""A finished output folder to add layers to, and services to add."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from factories import make_facts, make_result

from tests.layers.made import LAT, LON, Services, services
from twin_pipeline.export.run_record import run_record, write_run_record
from twin_pipeline.export.viewers import write_for_viewers
from twin_pipeline.layers.add import add_layer
from twin_pipeline.layers.record import Layer
from twin_pipeline.layers.wanted import Wanted
from twin_pipeline.progress import Progress


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run leaves for viewers, of one site at the place that the made data lies round."""
    out = tmp_path_factory.mktemp("layers") / "out"
    out.mkdir()
    result = make_result()
    write_for_viewers([result], out, (0.6, 1.2), "")
    record = run_record([result], make_facts())
    record["sites"][0] |= {"centre_lon_deg": LON, "centre_lat_deg": LAT}
    write_run_record(record, out / "run.json")
    return out


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    return folder


@pytest.fixture
def add(out: Path) -> Callable[..., Layer]:
    """Return a function that adds a layer."""

    def call(*sources: object, **flags: Any) -> Layer:
        wanted = Wanted(sources=tuple(map(str, sources)), **flags)
        return add_layer(wanted, out, Progress())[0]

    return call


@pytest.fixture
def host() -> Iterator[Services]:
    with services() as server:
        yield server


def state_of(folder: Path) -> dict[str, str]:
    """Return name and hash of each file and the name of each folder."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        )
        for path in sorted(folder.rglob("*"))
    }


def members_of(out: Path, name: str = "catalog.json") -> list[dict[str, Any]]:
    """Return the layers in a catalogue."""
    content = json.loads((out / name).read_text("utf-8"))
    groups = [m for m in content["catalog"] if m["id"] == "twin-pipeline/layers"]
    return groups[0]["members"] if groups else []
