"""Publishing into object storage: a bucket of a server on 127.0.0.1."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from test_remote import server

from publishing.conftest import owner
from twin_pipeline.errors import OutputError
from twin_pipeline.progress import Progress
from twin_pipeline.publishing import publish

__all__ = ["server"]


@pytest.fixture
def store(server, monkeypatch):
    """The file system of the server's buckets."""
    import s3fs

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, server[name])
    monkeypatch.setenv("AWS_ENDPOINT_URL", server["AWS_ENDPOINT_URL"])
    s3fs.S3FileSystem.clear_instance_cache()
    yield s3fs.S3FileSystem()
    s3fs.S3FileSystem.clear_instance_cache()


def held(store, folder):
    """Content of all objects below a folder of the bucket."""
    store.invalidate_cache()
    start = len(f"bucket/{folder}/")
    return {unquote(name[start:]): store.cat_file(name) for name in store.find(f"bucket/{folder}")}


def to_bucket(out, folder):
    return publish([out], Path(f"s3://bucket/{folder}"), owner(), Progress())


def test_a_bucket_holds_what_a_folder_holds(store, make_run, publish_to):
    out = make_run("one", ["掘削 1.las"])
    reader, local = publish_to(out)
    first = to_bucket(out, "open/pipes")
    assert first.to == "s3://bucket/open/pipes"
    assert first.written == local.written
    there = held(store, "open/pipes")
    assert there == {name: data for name, (_, data) in reader.state().items()}
    kinds = {
        Path(name).suffix: store.info(name, refresh=True)["ContentType"]
        for name in store.find("bucket/open/pipes")
    }
    assert kinds[".glb"] == "model/gltf-binary"
    assert kinds[".json"] == "application/json"
    assert kinds[".html"] == "text/html; charset=utf-8"
    assert kinds[".js"] == "text/javascript; charset=utf-8"

    again = to_bucket(out, "open/pipes")
    assert held(store, "open/pipes") == there
    assert (again.written, again.removed) == (0, 0)
    fewer = to_bucket(make_run("one", ["b.las"]), "open/pipes")
    assert fewer.removed > 3
    names = held(store, "open/pipes")
    assert not [name for name in names if "掘削" in name or "unfinished" in name]


def test_objects_of_others_are_left_alone(store, make_run):
    out = make_run("one", ["a.las"])
    store.pipe_file("bucket/others/thesis.txt", b"x")
    with pytest.raises(OutputError, match="no publication of twin-pipeline"):
        to_bucket(out, "others")
    assert held(store, "others") == {"thesis.txt": b"x"}
    with pytest.raises(OutputError, match="s3://absent/pipes: ") as told:
        publish([out], Path("s3://absent/pipes"), owner(), Progress())
    assert "\n" not in str(told.value)
