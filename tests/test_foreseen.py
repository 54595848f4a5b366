"""What is worked out before it is asked for."""

import threading

import pytest

from twin_pipeline.foreseen import foreseen


@pytest.fixture(params=[1, 2], ids=["one core", "two cores"])
def cores(request, monkeypatch):
    monkeypatch.setattr("twin_pipeline.foreseen.threads", lambda: request.param)
    return request.param


@pytest.mark.usefixtures("cores")
def test_results_are_those_of_the_function_in_the_order_asked_for():
    things = [[1], [2], [3]]
    with foreseen(lambda thing: thing[0] * 10) as results:
        results.begin(things[:2])
        assert results.of([things[2], things[0]]) == [30, 10]


@pytest.mark.usefixtures("cores")
def test_equal_things_that_are_others_get_results_of_their_own():
    first, second = [1], [1]
    with foreseen(id) as results:
        results.begin([first])
        assert results.of([second, first]) == [id(second), id(first)]


def test_nothing_is_begun_early_without_a_core_to_spare(monkeypatch):
    monkeypatch.setattr("twin_pipeline.foreseen.threads", lambda: 1)
    seen = []
    with foreseen(seen.append) as results:
        results.begin(["early"])
        results.of(["late"])
    assert seen == ["late"]


def test_what_is_not_wanted_any_more_is_given_up(monkeypatch):
    monkeypatch.setattr("twin_pipeline.foreseen.threads", lambda: 2)
    go_on, seen = threading.Event(), []

    def wait(thing: str) -> str:
        go_on.wait(10.0)
        seen.append(thing)
        return thing

    things = ["a", "b", "never", "never either"]
    with foreseen(wait) as results:
        results.begin(things)
        threading.Timer(0.05, go_on.set).start()
        assert results.of(things[1:2]) == ["b"]
    assert sorted(seen) == ["a", "b"]


@pytest.mark.usefixtures("cores")
def test_a_failure_is_told_where_the_result_is_asked_for():
    def fail(thing: str) -> None:
        raise ValueError(thing)

    with foreseen(fail) as results:
        results.begin(["a"])
        with pytest.raises(ValueError, match="a"):
            results.of(["a"])


def test_what_was_begun_is_not_begun_again(monkeypatch):
    monkeypatch.setattr("twin_pipeline.foreseen.threads", lambda: 2)
    seen, things = [], ["a", "b"]
    with foreseen(seen.append) as results:
        results.begin(things[:1])
        results.begin(things)
        results.of(things)
    assert sorted(seen) == things
