"""Which other hosts the page may ask, and under which names the server answers."""

import json
from pathlib import Path

import pytest

from twin_pipeline.errors import UsageError
from twin_pipeline.view import Access, ViewerServer, serve
from view.asking import GLB_PATH, ask


def test_policy_names_no_other_host(server: ViewerServer) -> None:
    policy = ask(server, "/").headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self' 'wasm-unsafe-eval'"
    sources = {source for value in directives.values() for source in value.split()}
    known = {"'self'", "'none'", "'wasm-unsafe-eval'", "data:", "blob:"}
    assert sources <= known


def test_names_of_other_hosts_are_refused(server: ViewerServer) -> None:
    port = server.url.rstrip("/").rsplit(":", 1)[1]
    assert ask(server, "/", Host=f"localhost:{port}").status == 200
    for host in (f"evil.example:{port}", "127.0.0.1", f"127.0.0.1.evil.example:{port}"):
        assert ask(server, "/data/pipes.geojson", Host=host).status == 421


def test_other_origins_only_with_cors(static: Path, out: Path) -> None:  # noqa: ARG001
    with serve(out) as plain:
        answer = ask(plain, "/data/pipes.geojson", Origin="https://terria.example")
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    with serve(out, access=Access(cors=True)) as open_to_all:
        answer = ask(open_to_all, "/data/pipes.geojson", Origin="https://terria.example")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        preflight = ask(open_to_all, GLB_PATH, "OPTIONS", Origin="https://terria.example")
        assert (preflight.status, preflight.body) == (204, b"")
        assert "Range" in preflight.headers["Access-Control-Allow-Headers"]
        assert ask(open_to_all, GLB_PATH, "POST").status == 405


def test_hosts_of_added_layers_are_in_the_policy(static: Path, out: Path) -> None:  # noqa: ARG001
    members = [
        {"id": "twin-pipeline/1/x", "url": "https://own.example/tiles/tileset.json"},
        {"id": "a", "members": [{"id": "b", "url": "https://{s}.maps.example/{z}/{x}/{y}.png"}]},
        {"id": "c", "url": "https://evil.example;script-src *"},
        {"id": "d", "url": "notes.geojson"},
    ]
    (out / "catalog.json").write_text(json.dumps({"catalog": members}), encoding="utf-8")
    with serve(out, access=Access(allowed_hosts=("plateau.example:8443",))) as server:
        policy = ask(server, "/").headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    for name in ("connect-src", "img-src"):
        named = " ".join(f"https://{letter}.maps.example" for letter in "abc")
        assert directives[name].endswith(f"{named} plateau.example:8443")
    assert "own.example" not in policy
    assert "evil" not in policy


def test_hosts_that_the_user_has_allowed_are_in_the_policy(server: ViewerServer) -> None:
    port = server.url.split(":")[-1].rstrip("/")
    allowed = "https%3A%2F%2Ftiles.example%7Chttp%3A%2F%2F127.0.0.1%3A9000"
    bad = "%7Chttps%3A%2F%2F*%7C*%7Chttps%3A%2F%2Fa%3Bscript-src%20*%7C'unsafe-eval'"
    plain = ask(server, "/")
    mine = ask(server, "/", Cookie=f"a=b; twin-pipeline-hosts-{port}={allowed}{bad}")
    directives = dict(
        part.split(" ", 1) for part in mine.headers["Content-Security-Policy"].split("; ")
    )
    for name in ("connect-src", "img-src"):
        assert directives[name].endswith("https://tiles.example http://127.0.0.1:9000")
    assert directives["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert "*" not in mine.headers["Content-Security-Policy"]
    other = ask(server, "/", Cookie=f"twin-pipeline-hosts-1={allowed}")
    assert other.headers["Content-Security-Policy"] == plain.headers["Content-Security-Policy"]


def test_page_is_sent_anew_with_another_policy(server: ViewerServer) -> None:
    port = server.url.split(":")[-1].rstrip("/")
    known = {"If-None-Match": ask(server, "/").headers["ETag"]}
    assert ask(server, "/", **known).status == 304
    cookie = {"Cookie": f"twin-pipeline-hosts-{port}=https%3A%2F%2Ftiles.example"}
    assert ask(server, "/", **known, **cookie).status == 200


@pytest.mark.parametrize("host", ["a b", "x;script-src *", "https://a/b", "'self'", ""])
def test_what_is_no_host_is_not_allowed(host: str) -> None:
    with pytest.raises(UsageError, match="--allow-host"):
        Access(allowed_hosts=(host,))


def test_other_addresses_answer_to_addresses_but_not_to_foreign_names() -> None:
    access = Access(host="0.0.0.0")  # noqa: S104
    assert access.admits("192.168.1.20:8080", 8080)
    assert access.admits("localhost:8080", 8080)
    assert not access.admits("evil.example:8080", 8080)
    assert not Access().admits("192.168.1.20:8080", 8080)
