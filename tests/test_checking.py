"""What `check` says of pipes, without a scan: the search is replaced."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from factories import make_pipe

from twin_pipeline import checking
from twin_pipeline.config import Config
from twin_pipeline.extraction import Extraction
from twin_pipeline.model import PointCloud, Quality, Rescan
from twin_pipeline.progress import Progress

HIDDEN = Rescan("hidden", 1.0, 2.5, "hidden from 1.0 to 2.5 m: uncover and scan there")


@pytest.fixture
def items_of(monkeypatch, tmp_path):
    def items(pipe):
        cloud = PointCloud(np.zeros((3, 3)), np.zeros(3))
        found = Extraction((pipe,), None, np.zeros(3, np.uint16), ())
        site = SimpleNamespace(name="a", config=Config(), scans=())
        ready = nullcontext(SimpleNamespace(site=site))
        monkeypatch.setattr(checking, "prepared", lambda *_: ready)
        monkeypatch.setattr(checking, "benched", lambda *_: nullcontext())
        monkeypatch.setattr(
            checking, "gather", lambda *_, **__: SimpleNamespace(cloud=cloud, scans=())
        )
        monkeypatch.setattr(checking, "extract", lambda *_: found)
        told = checking.check_site(site, tmp_path, Progress())
        return [item for item in told if item.subject == "P1"]

    return items


def test_a_stretch_is_an_item_of_its_own_with_its_chainages_and_coordinates(items_of):
    pipe = replace(make_pipe("P1"), quality_reason=HIDDEN.reason, rescans=(HIDDEN,))
    whole, stretch = items_of(pipe)
    assert whole.passed is (pipe.quality is not Quality.POOR)
    assert whole.finding.startswith("seen over ")
    assert not stretch.passed
    assert (stretch.finding, stretch.kind) == (HIDDEN.reason, "hidden")
    assert stretch.stretch_m == (1.0, 2.5)
    length = np.linalg.norm(np.subtract(*stretch.ends))
    assert length == pytest.approx(1.5, abs=0.01)
    first = np.linalg.norm(np.subtract(stretch.ends[0], pipe.centreline[0]))
    assert first == pytest.approx(1.0, abs=0.01)
    assert f"(from {stretch.ends[0][0]:.2f}, {stretch.ends[0][1]:.2f} to " in stretch.told()


def test_what_else_limits_a_pipe_is_told_beside_its_stretches(items_of):
    reason = f"{HIDDEN.reason}; diameter known to 3.0 mm only: scan closer or uncover more"
    whole, _ = items_of(replace(make_pipe("P1"), quality_reason=reason, rescans=(HIDDEN,)))
    assert whole.finding == "diameter known to 3.0 mm only: scan closer or uncover more"
