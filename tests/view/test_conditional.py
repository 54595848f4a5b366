"""Parts of files, and files that a client has already."""

from pathlib import Path

import pytest

from twin_pipeline.view import ViewerServer
from view.asking import GLB, GLB_PATH, ask


def test_unchanged_file_is_not_sent_again(server: ViewerServer) -> None:
    first = ask(server, GLB_PATH)
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"other", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": date},
    ):
        answer = ask(server, GLB_PATH, **headers)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == tag


def test_changed_file_is_sent_again(server: ViewerServer, out: Path) -> None:
    first = ask(server, "/data/pipes.geojson")
    (out / "pipes.geojson").write_text('{"new": 1}', encoding="utf-8")
    tag, date = first.headers["ETag"], "Thu, 01 Jan 1970 00:00:00 GMT"
    for headers in (
        {"If_None_Match": tag},
        {"If_Modified_Since": date},
        {"If_Modified_Since": "yesterday"},
        {"If_None_Match": tag, "If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    ):
        assert ask(server, "/data/pipes.geojson", **headers).body == b'{"new": 1}'


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=100-199", range(100, 200)),
        ("bytes=2000-", range(2000, 2048)),
        ("bytes=2000-9999", range(2000, 2048)),
        ("bytes=-48", range(2000, 2048)),
        ("bytes=-9999", range(2048)),
        ("BYTES=0-1", range(2)),
    ],
)
def test_parts_of_a_file(server: ViewerServer, asked: str, given: range) -> None:
    answer = ask(server, GLB_PATH, Range=asked)
    assert answer.status == 206
    assert answer.body == GLB[given.start : given.stop]
    assert answer.headers["Content-Range"] == f"bytes {given.start}-{given.stop - 1}/2048"


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-2", "bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes", f"bytes=0-{'9' * 5000}"],
)
def test_ranges_it_does_not_know_give_the_whole(server: ViewerServer, asked: str) -> None:
    answer = ask(server, GLB_PATH, Range=asked)
    assert (answer.status, answer.body) == (200, GLB)


def test_range_behind_the_end(server: ViewerServer) -> None:
    answer = ask(server, GLB_PATH, Range="bytes=2048-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == "bytes */2048"
    assert ask(server, GLB_PATH, Range="bytes=-0").status == 416


def test_part_of_an_older_version_is_answered_with_the_whole(server: ViewerServer) -> None:
    tag = ask(server, GLB_PATH).headers["ETag"]
    assert ask(server, GLB_PATH, Range="bytes=0-9", If_Range=tag).status == 206
    assert ask(server, GLB_PATH, Range="bytes=0-9", If_Range='"old"').status == 200


def test_whoever_wants_another_version_only_is_told_so(server: ViewerServer) -> None:
    first = ask(server, GLB_PATH)
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    long_ago = "Mon, 01 Jan 1990 00:00:00 GMT"
    for other in (
        {"If_Match": '"other"'},
        {"If_Match": f"W/{tag}"},
        {"If_Unmodified_Since": long_ago},
        {"If_Match": '"other"', "Range": "bytes=0-9"},
    ):
        assert ask(server, GLB_PATH, **other).status == 412, other
    for same in (
        {"If_Match": f'"other", {tag}'},
        {"If_Match": "*"},
        {"If_Unmodified_Since": date},
        {"If_Unmodified_Since": "yesterday"},
        {"If_Match": tag, "If_Unmodified_Since": long_ago},
    ):
        assert ask(server, GLB_PATH, **same).body == GLB, same
