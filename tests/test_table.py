"""What a run prints of its pipes."""

from dataclasses import replace

from factories import make_empty_survey, make_pipes, make_result, make_survey

from twin_pipeline.cli.table import pipe_table
from twin_pipeline.model import Quality

GOOD, *_ = make_pipes()
POOR = replace(GOOD, pipe_id="P09", quality=Quality.POOR, quality_reason="scan from both sides")


def _table(*surveys):
    return pipe_table([make_result(survey) for survey in surveys]).splitlines()


def test_a_good_pipe_is_one_line_under_the_head():
    good = replace(GOOD, quality=Quality.GOOD)
    head, line = _table(make_survey(pipes=(good,)))
    assert head.split()[0] == "pipe"
    assert line.split()[0] == good.pipe_id
    assert line.split()[-1] == "good"


def test_what_limits_a_pipe_stands_below_the_table():
    *table, reason = _table(make_survey(pipes=(replace(GOOD, quality=Quality.GOOD), POOR)))
    assert len(table) == 3
    assert reason == "P09 is poor: scan from both sides"


def test_of_several_sites_each_line_says_which():
    lines = _table(make_survey("here", pipes=(POOR,)), make_survey("there", pipes=(POOR,)))
    assert [line.split()[0] for line in lines] == ["site", "here", "there", "here", "there"]


def test_no_pipe_is_said():
    assert _table(make_empty_survey()) == ["no pipe was found"]
