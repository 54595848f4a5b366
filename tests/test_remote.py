import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from benchmarks.object_store import object_store
from twin_pipeline.remote import address_of

PROGRAM = [sys.executable, "-m", "twin_pipeline"]
FLAGS = ["--vertical", "jgd2011", "--axis-order", "en", "-q"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Start an S3-compatible server; return the environment of its users."""
    with object_store(tmp_path_factory.mktemp("home")) as environment:
        address = environment["AWS_ENDPOINT_URL"]
        bucket = urllib.request.Request(f"{address}/bucket", method="PUT")  # noqa: S310
        urllib.request.urlopen(bucket, timeout=30).close()  # noqa: S310
        yield environment


def call(server, *arguments):
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, env=server, capture_output=True, check=False, text=True)


def objects(server, folder):
    """Return the content of all objects below a folder."""
    script = (
        "import fsspec, json, sys\nfs = fsspec.filesystem('s3')\n"
        "found = {k.split('/', 2)[2]: fs.cat_file(k).hex() for k in fs.find(sys.argv[1])}\n"
        "json.dump(found, sys.stdout)"
    )
    command = [sys.executable, "-c", script, f"bucket/{folder}"]
    done = subprocess.run(command, env=server, capture_output=True, check=True, text=True)
    return {name: bytes.fromhex(content) for name, content in json.loads(done.stdout).items()}


def test_run_lands_in_the_store_whole(server, make_scan, tmp_path):
    scan = make_scan()
    local = call(server, "tile", scan, "-o", tmp_path / "out", *FLAGS)
    assert local.returncode == 0, local.stderr
    done = call(server, "tile", scan, "-o", "s3://bucket/night/out", *FLAGS)
    assert done.returncode == 0, done.stderr
    assert "outputs  s3://bucket/night/out" in done.stdout
    found = objects(server, "night/out")
    found = {name.removeprefix("out/"): content for name, content in found.items()}
    assert set(found) == {
        str(path.relative_to(tmp_path / "out"))
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    for name in ("tiles/tileset.json", "config.toml", "tiles/points/site/tileset.json"):
        assert found[name] == (tmp_path / "out" / name).read_bytes()
    assert list(Path(server["XDG_STATE_HOME"]).rglob("*.glb")) == []

    again = call(server, "tile", scan, "-o", "s3://bucket/night/out", *FLAGS)
    assert again.returncode == 1
    assert "holds a finished run; give --overwrite" in again.stderr
    other = make_scan("other.las", points=300)
    replaced = call(server, "tile", other, "-o", "s3://bucket/night/out", "--overwrite", *FLAGS)
    assert replaced.returncode == 0, replaced.stderr
    assert not any("points/site/" in name for name in objects(server, "night/out"))
    kept = call(server, "tile", other, "-o", "s3://bucket/night/out", "--resume", *FLAGS)
    assert kept.returncode == 0, kept.stderr


KILLED = """
import os, signal, sys
import s3fs
from twin_pipeline.cli import main

method, name = sys.argv.pop(1).split(":")
kept = getattr(s3fs.S3FileSystem, method)

async def dying(self, *given, **options):
    if any(str(word).endswith(name) for word in given):
        os.kill(os.getpid(), signal.SIGKILL)
    return await kept(self, *given, **options)

setattr(s3fs.S3FileSystem, method, dying)
main()
"""


@pytest.mark.parametrize("moment", ["_put_file:config.toml", "_rm_file:.twin-pipeline-unfinished"])
def test_upload_that_is_killed_is_never_taken_for_whole_and_goes_on(
    server, make_scan, tmp_path, moment
):
    place = f"killed/{moment.partition(':')[0]}"
    former, scan = make_scan("former.las", points=200), make_scan(points=300)
    flags = ["-o", f"s3://bucket/{place}", *FLAGS]
    assert call(server, "tile", former, *flags).returncode == 0
    command = [sys.executable, "-c", KILLED, moment, "tile", scan, *flags, "--overwrite"]
    killed = subprocess.run(command, env=server, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr
    names = {name.partition("/")[2] for name in objects(server, place)}
    whole = any(name.endswith("tiles/points/site/tileset.json") for name in names)
    assert whole or "run.json" not in names
    assert ("run.json" in names) == moment.startswith("_rm")
    refused = call(server, "tile", scan, *flags)
    assert refused.returncode == 1
    assert "an interrupted run is there; give --resume" in refused.stderr
    resumed = call(server, "tile", scan, *flags, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert call(server, "tile", scan, "-o", tmp_path / "out", *FLAGS).returncode == 0
    local = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*")}
    found = {name.partition("/")[2]: held for name, held in objects(server, place).items()}
    assert set(found) == {name for name in local if (tmp_path / "out" / name).is_file()}
    points = "tiles/points/site/tileset.json"
    assert found[points] == (tmp_path / "out" / points).read_bytes()


def test_objects_of_others_are_left_alone(server, make_scan):
    script = "import fsspec; fsspec.filesystem('s3').pipe_file('bucket/theirs/thesis.txt', b'x')"
    subprocess.run([sys.executable, "-c", script], env=server, check=True)
    done = call(server, "tile", make_scan(), "-o", "s3://bucket/theirs", "--overwrite", *FLAGS)
    assert done.returncode == 1
    assert "no output of twin-pipeline" in done.stderr
    assert objects(server, "theirs") == {"thesis.txt": b"x"}


def test_store_that_is_not_there_is_one_line_without_keys(server, make_scan):
    done = call(server, "tile", make_scan(), "-o", "s3://absent/out", *FLAGS)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "s3://absent/out" in done.stderr
    assert "made" not in done.stderr.split("s3://absent/out")[0]
    odd = call(server, "tile", make_scan("b.las"), "-o", "nowhere://x/out", *FLAGS)
    assert odd.returncode == 2
    assert "nothing is installed for nowhere://" in odd.stderr


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("gs://b/x", "gs://b/x"),
        ("out", None),
        ("/data/s3:/x", None),
        ("a b/c", None),
    ],
)
def test_addresses_are_told_from_paths(path, address):
    assert address_of(Path(path)) == address
