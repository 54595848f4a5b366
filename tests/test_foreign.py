from pathlib import Path
from types import SimpleNamespace

import pytest

from twin_pipeline import __version__, foreign
from twin_pipeline.errors import ClusterError

ADDRESS = "tcp://a:1"


def versions(scheduler="2026.8.0", worker="2026.8.0"):
    def of(version):
        return {"packages": {"distributed": version}}

    told = {
        "client": of("2026.8.0"),
        "scheduler": of(scheduler),
        "workers": {"tcp://w:2": of(worker)},
    }
    return SimpleNamespace(get_versions=lambda **_: told)


def test_one_version_of_dask_is_enough():
    foreign._require_dask(versions(), ADDRESS)


@pytest.mark.parametrize(
    ("odd", "who"), [("scheduler", "its scheduler"), ("worker", "worker tcp://w:2")]
)
def test_another_version_of_dask_is_told_before_it_is_misunderstood(odd, who):
    with pytest.raises(ClusterError) as caught:
        foreign._require_dask(versions(**{odd: "2025.9.0"}), ADDRESS)
    assert f"{ADDRESS}: {who} has Dask 2025.9.0, this machine 2026.8.0: install" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            ModuleNotFoundError("No module named 'twin_pipeline'"),
            "can't run twin-pipeline (No module",
        ),
        ("0.0.1", "has twin-pipeline 0.0.1; install"),
    ],
)
def test_a_scheduler_needs_the_program_too(answer, words):
    def run_on_scheduler(_):
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = SimpleNamespace(run_on_scheduler=run_on_scheduler)
    with pytest.raises(ClusterError, match="its scheduler") as caught:
        foreign._require_able(client, ADDRESS, Path())
    assert words in str(caught.value)
    assert __version__ in str(caught.value)
