from dataclasses import replace

import numpy as np
import pytest

from tests.factories import make_survey
from twin_pipeline import batch, pipeline
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.durable.work import partial_of, work_path
from twin_pipeline.errors import OutputError
from twin_pipeline.progress import Progress
from twin_pipeline.remembering import Memory, remembered

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))


def test_a_survey_is_remembered_for_what_it_was_made_from_alone(tmp_path):
    memory = Memory(tmp_path / "site", "made so")
    assert memory.survey() is None
    survey = make_survey()
    memory.keep(survey)
    found = Memory(tmp_path / "site", "made so").survey()
    assert [pipe.pipe_id for pipe in found.pipes] == [pipe.pipe_id for pipe in survey.pipes]
    assert np.array_equal(found.point_labels, survey.point_labels)
    assert Memory(tmp_path / "site", "made otherwise").survey() is None


def test_what_a_power_cut_left_of_a_survey_is_not_believed(tmp_path):
    memory = Memory(tmp_path / "site", "made so")
    memory.keep(make_survey())
    kept = tmp_path / "site" / "survey"
    kept.write_bytes(kept.read_bytes()[:100])
    assert memory.survey() is None


def test_an_error_leaves_nothing_and_an_interruption_all(tmp_path):
    for error, kept in ((OutputError("full"), False), (KeyboardInterrupt(), True)):
        memory = Memory(tmp_path / "site", "made so")
        memory.keep(make_survey())
        with pytest.raises(type(error)), remembered(memory):
            raise error
        assert (memory.survey() is not None) == kept


def test_what_is_kept_outlives_the_attempts_of_one_process_and_of_a_cluster(tmp_path):
    kept = tmp_path / ".out.work" / "partial" / "site"
    attempts = tmp_path / ".out.work" / "attempts"
    assert partial_of(attempts / "0-ab", "site") == kept
    assert partial_of(attempts / "0-ab" / "cd", "site") == kept


@pytest.fixture
def found(monkeypatch):
    """Return the sites whose pipes were looked for; those of `make_survey` are found."""
    names = []

    def survey(site, gathered, *_):
        names.append(site.name)
        labels = (np.arange(len(gathered.cloud)) % 3).astype(np.uint16)
        return replace(make_survey(site.name), point_labels=labels)

    monkeypatch.setattr(pipeline, "_survey", survey)
    return names


def _tiles(out):
    paths = (path for path in (out / "tiles").rglob("*") if path.is_file())
    return {path.relative_to(out): path.read_bytes() for path in paths}


@pytest.mark.parametrize("part", ["write_pipe_tiles", "write_point_tiles"])
def test_a_run_that_died_at_its_tiles_looks_for_no_pipes_again(
    make_scan, tmp_path, monkeypatch, found, part
):
    scan = make_scan(points=3_000)
    batch.run_batch([scan], tmp_path / "whole", CONFIG, Progress())
    found.clear()
    out = tmp_path / "out"

    def dying(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, part, dying)
        with pytest.raises(KeyboardInterrupt):
            batch.run_batch([scan], out, CONFIG, Progress())
    assert found == [scan.stem]
    assert not out.exists()
    batch.run_batch([scan], out, CONFIG, Progress(), resume=True)
    assert found == [scan.stem]
    assert _tiles(out) == _tiles(tmp_path / "whole")
    assert not work_path(out).exists()


def test_other_settings_are_noticed(make_scan, tmp_path, monkeypatch, found):
    scan, out = make_scan(points=3_000), tmp_path / "out"

    def dying(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "write_pipe_tiles", dying)
        with pytest.raises(KeyboardInterrupt):
            batch.run_batch([scan], out, CONFIG, Progress())
    nominal = CONFIG.nominal.model_copy(update={"material": "SP"})
    other = CONFIG.model_copy(update={"nominal": nominal})
    batch.run_batch([scan], out, other, Progress(), resume=True)
    assert found == [scan.stem] * 2
