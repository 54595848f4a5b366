import json
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from twin_pipeline import batch, completing, conducting
from twin_pipeline.config import Config
from twin_pipeline.crs import CrsOptions
from twin_pipeline.errors import (
    GeoreferenceError,
    InputError,
    OutputError,
    TwinPipelineError,
)
from twin_pipeline.exporting import export
from twin_pipeline.progress import Progress
from twin_pipeline.site import require_scan, site_of
from twin_pipeline.siting import naming
from twin_pipeline.validation import validate_output

CONFIG = Config(crs=CrsOptions(vertical="jgd2011", axis_order="en"))
PROGRAM = [sys.executable, "-m", "twin_pipeline"]
FLAGS = ["--vertical", "jgd2011", "--axis-order", "en", "-q"]


def tile(*arguments, **options):
    command = [*PROGRAM, "tile", *arguments, *FLAGS]
    return subprocess.run(command, capture_output=True, check=False, **options)


def one_line(done, code):
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.decode("utf-8", "replace").splitlines()
    assert line.startswith("twin-pipeline: ")
    return line


def test_a_point_beyond_reach_is_told_with_its_scan(make_scan, tmp_path):
    scan = make_scan("far.las", points=200)
    content = bytearray(scan.read_bytes())
    (start,) = struct.unpack_from("<I", content, 96)
    struct.pack_into("<i", content, start, -(2**31))
    scan.write_bytes(content)
    with pytest.raises(InputError, match=r"^far\.las: point 1 at .* km from the first point"):
        batch.tile_batch([scan], tmp_path / "out", CONFIG, Progress())


@pytest.mark.parametrize(
    "given", ["https://me:secret@a.example/x.laz", "/m/s3://me:secret@b/x.laz"]
)
def test_an_address_is_no_scan_and_its_password_is_not_told(given):
    with pytest.raises(InputError, match=r"^x\.laz: is given by an address \((https|s3)\)") as told:
        require_scan(Path(given))
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("told", ["geoid has no value", "/somewhere/a.laz: is damaged"])
def test_errors_name_their_scan_once(told):
    with pytest.raises(GeoreferenceError) as caught, naming([Path("/scans/a.laz")]):
        raise GeoreferenceError(told, unsaid=True)
    assert str(caught.value).count("a.laz: ") == 1
    assert caught.value.unsaid


@pytest.mark.parametrize(
    "name",
    [
        "with spaces and (brackets).las",
        "西新宿二丁目 掘削口№１.las",
        "é̈ combining.las",
        "-o.las",
        "C:scans.las",
        "a" * 190 + ".las",
        "漢" * 60 + ".las",
        "%20;&|$`'\".las",
    ],
)
def test_odd_names_are_sites_like_others(make_scan, tmp_path, name):
    scan, out = make_scan(name, points=200), tmp_path / "out of [it]"
    batch.tile_batch([scan], out, CONFIG, Progress())
    assert validate_output(out) == []
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert record["sites"][0]["name"] == scan.stem
    assert batch.tile_batch([scan], out, CONFIG, Progress(), resume=True).record == record


def test_name_that_is_no_utf8_is_shown_with_a_mark(make_scan, tmp_path):
    scan = make_scan("plain.las", points=200)
    odd = os.fsencode(tmp_path) + b"/bad\xff.las"
    os.rename(scan, odd)  # noqa: PTH104 - bytes
    done = tile(odd, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert record["sites"][0]["name"] == "bad\ufffd"
    assert validate_output(tmp_path / "out") == []


@pytest.mark.parametrize("name", ["scans\\a.las", "a" * 210 + ".las", "tab\there.las"])
def test_names_that_can_be_no_folder_are_refused(make_scan, tmp_path, name):
    scan = make_scan(name, points=200)
    with pytest.raises(TwinPipelineError, match="can't be the name of a site") as raised:
        batch.tile_batch([scan], tmp_path / "out", CONFIG, Progress())
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("at", [0.0, 315_532_800.0, 4_102_444_800.0])
def test_clocks_that_jump_change_nothing(make_scan, tmp_path, at):
    scan, out = make_scan(points=200), tmp_path / "out"
    os.utime(scan, (at, at))
    batch.tile_batch([scan], out, CONFIG, Progress())
    os.utime(scan, (at + 1e8, at + 1e8))  # another time, the same content
    before = (out / "run.json").stat().st_mtime_ns
    batch.tile_batch([scan], out, CONFIG, Progress(), resume=True)
    assert (out / "run.json").stat().st_mtime_ns == before


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 6 MB, where that is allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place]
    if (
        shutil.which("mount") is None
        or subprocess.run(mounting, capture_output=True, check=False).returncode
    ):
        pytest.skip("needs the right to mount a small disk: run as root")
    yield place
    subprocess.run(["umount", place], check=True)


def fill(place):
    """Leave no room on a disk."""
    with suppress(OSError), (place / "others").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


@pytest.mark.parametrize("command", ["tile", "run"])
def test_full_disk_is_one_line_and_leaves_nothing(make_scan, small_disk, command):
    scan = make_scan(points=400_000)
    (small_disk / "other.txt").write_text("theirs")
    arguments = [*PROGRAM, command, scan, "-o", small_disk / "out", *FLAGS]
    line = one_line(subprocess.run(arguments, capture_output=True, check=False), 1)
    assert "space" in line or "room" in line or "free" in line
    assert [path.name for path in small_disk.iterdir()] == ["other.txt"]


@pytest.mark.usefixtures("known_pipes")
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("where", "stage"),
    [
        (batch, "prepare"),
        (batch, "work_all"),
        (completing, "write_root"),
        (completing, "write_whole"),
        (completing, "write_run_record"),
    ],
)
def test_disk_that_becomes_full_at_any_stage_is_told_and_is_gone_on_from(
    make_scan, small_disk, monkeypatch, where, stage, count
):
    scans = [make_scan(f"{name}.las", points=200) for name in "ab"[:count]]
    out, doing = small_disk / "out", getattr(where, stage)

    def filling(*given, **named):
        fill(small_disk)
        return doing(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(where, stage, filling)
        with pytest.raises(TwinPipelineError) as raised:
            batch.run_batch(scans, out, CONFIG, Progress())
    assert raised.value.exit_code == 1
    told = str(getattr(raised.value, "record", {"failed_sites": raised.value})["failed_sites"])
    assert re.search("full|space|room", told)
    assert str(small_disk) in told
    assert not out.exists()
    if count == 1:
        assert [path.name for path in small_disk.iterdir()] == ["others"]
    (small_disk / "others").unlink()
    batch.run_batch(scans, out, CONFIG, Progress(), resume=True)
    assert validate_output(out) == []
    assert [path.name for path in small_disk.iterdir()] == ["out"]


@pytest.mark.usefixtures("known_pipes")
@pytest.mark.parametrize("name", ["gpkg", "dxf"])
def test_export_to_a_full_disk_says_so_and_can_be_given_again(make_scan, small_disk, name):
    out = small_disk / "out"
    batch.run_batch([make_scan(points=200)], out, CONFIG, Progress())
    fill(small_disk)
    with pytest.raises(OutputError, match=r"disk is full|No space left"):
        export(out, [name], CONFIG, print)
    assert validate_output(out) == []
    (small_disk / "others").unlink()
    assert len(export(out, [name], CONFIG, print)) == 1
    assert [path.name for path in (out / "export").iterdir()] == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no limit of address space")
def test_shell_that_allows_little_memory_is_told(make_scan, tmp_path):
    limited = f'ulimit -v 800000; exec {shlex.join([*PROGRAM, "tile"])} "$@"'
    command = ["sh", "-c", limited, "sh", make_scan(points=200), "-o", tmp_path / "out", *FLAGS]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert "warning: this shell allows 819 MB of address space (ulimit -v)" in done.stderr
    assert "internal error" not in done.stderr
    assert done.returncode in {0, 1, -6}  # libraries may abort
    assert (tmp_path / "out").exists() == (done.returncode == 0)


def test_output_that_is_read_only_is_one_line(make_scan):
    line = one_line(tile(make_scan(points=200), "-o", "/proc/out"), 1)
    assert "/proc/out: can't be written" in line


@pytest.fixture
def as_others():
    """Return what lets a command obey the rights of files, which root needn't."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything: run as another user, or install setpriv")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.mark.parametrize("command", ["tile", "run", "info", "check"])
def test_unreadable_scan_is_one_line(make_scan, tmp_path, as_others, command):
    scan = make_scan(points=200)
    scan.chmod(0)
    flags = [] if command == "info" else ["-q"]
    flags += ["-o", tmp_path / "out"] if command in ("tile", "run") else []
    whole = [*as_others, *PROGRAM, command, scan, *flags]
    line = one_line(subprocess.run(whole, capture_output=True, check=False), 1)
    assert f"{scan}: can't be read: Permission denied" in line
    assert list(tmp_path.iterdir()) == [scan]


def a_fifo(path):
    os.mkfifo(path)


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # such names may be 108 bytes long


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (a_fifo, "is a pipe or device"),
        (a_socket, "is a pipe or device"),
        (lambda path: path.symlink_to("/dev/zero"), "is a pipe or device"),
        (lambda path: path.symlink_to(path.name), "can't be read: Too many levels"),
        (lambda path: path.symlink_to("gone.las"), "does not exist"),
        (Path.mkdir, "is a folder"),
        (lambda _: None, "does not exist"),
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path, make, message):
    scan = tmp_path / "scan.las"
    make(scan)
    with pytest.raises(InputError) as raised:
        batch.run_batch([scan], tmp_path / "out", CONFIG, Progress())
    assert str(raised.value).startswith(f"{scan}: {message}")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("known_pipes")
def test_scan_that_vanishes_before_its_turn_costs_one_site(make_scan, tmp_path, monkeypatch):
    scans = [make_scan(f"{name}.las", points=200) for name in "ab"]
    run_site = conducting.run_site

    def removing(site, *rest):
        scans[1].unlink(missing_ok=True)
        return run_site(site, *rest)

    monkeypatch.setattr(conducting, "run_site", removing)
    summary = batch.run_batch(scans, tmp_path / "out", CONFIG, Progress())
    (failed,) = summary.failed_sites
    assert "b.las: does not exist" in failed["reason"]


def test_nothing_is_readable_by_others_while_it_is_made(make_scan, tmp_path, monkeypatch):
    modes = []
    tile_site = conducting.tile_site

    def looking(*arguments):
        modes.append((tmp_path / ".out.work").stat().st_mode & 0o777)
        return tile_site(*arguments)

    monkeypatch.setattr(conducting, "tile_site", looking)
    batch.tile_batch([make_scan(points=200)], tmp_path / "out", CONFIG, Progress())
    assert modes == [0o700]
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~umask


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"~VERSION INFORMATION\n VERS. 2.0\n", "is a well log"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-LFS pointer"),
        (b"LASF" + bytes(20) + b"\1\5" + bytes(400), "LAS version 1.5"),
    ],
)
def test_what_is_named_like_a_scan_is_told_from_one(tmp_path, content, message):
    scan = tmp_path / "scan.las"
    scan.write_bytes(content)
    assert message in one_line(tile(scan, "-o", tmp_path / "out"), 1)


def test_decoder_that_hangs_is_ended(make_scan, monkeypatch, tmp_path):
    import laspy

    from twin_pipeline.stages.read import child, read_cloud

    scan = tmp_path / "scan.laz"
    laspy.read(make_scan(points=500)).write(scan)
    script = tmp_path / "hanging.py"
    script.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(child, "_SCRIPT", script)
    monkeypatch.setattr(child, "PATIENCE_S", 0.3)
    began = time.monotonic()
    with pytest.raises(InputError, match=r"silent for .* ended"):
        read_cloud(scan)
    assert time.monotonic() - began < 30


def test_decoder_that_wants_all_memory_is_refused(make_scan, monkeypatch, tmp_path):
    import laspy

    from twin_pipeline.stages.read import child, read_cloud

    scan = tmp_path / "scan.laz"
    laspy.read(make_scan(points=500)).write(scan)
    script = tmp_path / "greedy.py"
    limits = "import json, resource, sys\nn = json.loads(sys.argv[1])['memory_bytes']\n"
    limits += "resource.setrlimit(resource.RLIMIT_DATA, (n, n))\nbytearray(1 << 34)\n"
    script.write_text(limits)
    monkeypatch.setattr(child, "_SCRIPT", script)
    with pytest.raises(InputError, match="decoder ended"):
        read_cloud(scan)


SHARED = Path(__file__).parents[2] / "shared" / "data" / "hostile_las"
HOSTILE = sorted(p for p in SHARED.rglob("*") if p.is_file() and p.name != "SOURCE.txt")
LOCAL = Config(crs=CrsOptions(crs="local", origin=(139.69, 35.69, 40.0)))
MOST_BYTES = 1.5e9


@pytest.mark.skipif(not HOSTILE, reason="shared/data/hostile_las is not beside the checkout")
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_every_hostile_file_is_run_or_refused_in_one_line(tmp_path):
    # the peak is counted anew, since earlier tests of the same process may have needed more
    Path("/proc/self/clear_refs").write_text("5")
    before_kb = memory_kb("VmRSS")
    refusals = {}
    for number, scan in enumerate(HOSTILE):
        for name, config in (("as it is", CONFIG), ("local", LOCAL)):
            began = time.process_time()
            refusals[scan, name] = refusal(scan, config, tmp_path / f"{number} {name}")
            assert time.process_time() - began < 60.0
    told = {scan: error for (scan, _), error in refusals.items() if error is not None}
    assert [scan for scan, error in told.items() if "\n" in str(error)] == []
    assert [scan for scan, error in told.items() if scan.name not in str(error)] == []
    assert {error.exit_code for error in told.values()} <= {1, 2, 4}
    assert len(refusals) - sum(error is not None for error in refusals.values()) > 20
    assert (memory_kb("VmHWM") - before_kb) * 1024 < MOST_BYTES


def memory_kb(which):
    """Return a figure of this process's memory as the kernel tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:"))


def refusal(scan, config, attempt):
    """Run a scan as a batch does; return why it was refused, None if it was not."""
    try:
        conducting.work_on("run", site_of(scan, config), attempt, Progress())
    except TwinPipelineError as error:
        return error
    return None
