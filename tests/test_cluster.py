import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from benchmarks.places import require_same, told
from benchmarks.torture import PROGRAM, SETTINGS, make_scans
from twin_pipeline import cluster
from twin_pipeline.cluster import Resources, default_jobs
from twin_pipeline.config import Config
from twin_pipeline.credentials import temporary_security
from twin_pipeline.durable.log import EventLog
from twin_pipeline.durable.work import work_folder
from twin_pipeline.performing import Done
from twin_pipeline.progress import Progress
from twin_pipeline.site import Site, site_of
from twin_pipeline.watching import Watch

pytestmark = pytest.mark.slow

GREED_BYTES = 500_000_000
PATIENCE_S = 1800
"""How long tests wait for processes; machines under load take fifty times as long as idle ones."""


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    return make_scans(tmp_path_factory.mktemp("scans"), 3)


@dataclass(frozen=True)
class Watched:
    """A run on a cluster of this machine's own, and what was seen meanwhile."""

    out: Path
    words: str
    ports: list[tuple[str, int]]
    """On which its processes listened."""
    admitted: list[str]
    """Addresses that let in a client without the run's key."""


@pytest.fixture(scope="module")
def watched(scans, tmp_path_factory):
    out = tmp_path_factory.mktemp("parallel") / "out"
    command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS[1:], "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: at_work(out), process)
        ports = listening_ports(psutil.Process(process.pid))
        admitted = [f"tcp://{ip}:{port}" for ip, port in ports if lets_in(ip, port)]
        _, words = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, words
    return Watched(out, words.decode(), ports, admitted)


@pytest.fixture(scope="module")
def parallel(watched):
    """Return the output of a run on a cluster of this machine's own."""
    return watched.out


def listening_ports(process):
    """Return address and port of all that a process and those below it listen on."""
    found = []
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # decoders come and go
            found += [c.laddr for c in one.net_connections("tcp") if c.status == "LISTEN"]
    return [(place.ip, place.port) for place in found]


def lets_in(ip, port, patience_s=1.0):
    """Whether Dask greets anybody there, over plain TCP or over TLS with a key of one's own."""
    context = temporary_security().get_connection_args("client")["ssl_context"]
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError), socket.create_connection((ip, port)) as plain:
        if greeted(plain, patience_s):
            return True
    with suppress(OSError), socket.create_connection((ip, port)) as raw:
        encrypted = context.wrap_socket(raw, do_handshake_on_connect=False)
        with encrypted, suppress(OSError):
            encrypted.do_handshake()
            return greeted(encrypted, patience_s)
    return False


def greeted(connection, patience_s):
    connection.settimeout(patience_s)
    try:
        return connection.recv(1) != b""
    except OSError:
        return False


def run(scans, out, *flags):
    command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS, *flags]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=PATIENCE_S)


@contextmanager
def scheduler(tmp_path, workers, *flags):
    """Start a scheduler and workers as an administrator would; yield address and processes.

    The scheduler is the first of them. All are at work by then, however slow the machine is.
    """
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    file, told = tmp_path / "scheduler.json", tmp_path / "scheduler.log"
    with told.open("wb") as log:
        serving = subprocess.Popen(
            [*dask, "--port", "0", "--no-dashboard", "--scheduler-file", file, *flags],
            stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    started = [serving]
    try:
        wait_until(file.exists, serving)
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", file]
        options = ["--nthreads", "1", "--no-dashboard", "--local-directory", tmp_path / "dask"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started += [subprocess.Popen([*worker, *options, *flags], **quiet) for _ in range(workers)]
        wait_until(lambda: told.read_bytes().count(b"Register worker") >= workers, *started)
        yield json.loads(file.read_text())["address"], started
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait(PATIENCE_S)


def at_work(out):
    """Tell whether a site of a run is worked on."""
    return any(out.parent.glob(f".{out.name}.work/running/*"))


def wait_until(true, *processes):
    """Wait for something that processes do, as long as they live and patience lasts."""
    since = time.monotonic()
    while not true():
        assert [process.poll() for process in processes] == [None] * len(processes)
        assert time.monotonic() - since < PATIENCE_S
        time.sleep(0.01)


def test_sites_alone_and_together_give_the_same(scans, parallel, tmp_path):
    done = run(scans[:1], tmp_path / "alone")
    assert done.returncode == 0, done.stderr
    alone, together = told(tmp_path / "alone"), told(parallel)
    own = [name for name in alone if f"/{scans[0].stem}/" in name and "site.json" not in name]
    assert len(own) > 4
    assert all(alone[name] == together[name] for name in own)


def test_cluster_that_runs_elsewhere_gives_the_same_though_workers_die(scans, parallel, tmp_path):
    out = tmp_path / "out"
    with scheduler(tmp_path, workers=2) as (address, (_, *workers)):
        assert lets_in("127.0.0.1", int(address.rpartition(":")[2]), PATIENCE_S)
        command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS, "--scheduler", address]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            wait_until(lambda: at_work(out), running)
            (victim, *_) = psutil.Process(workers[0].pid).children(recursive=True)
            victim.kill()
            _, words = running.communicate(timeout=PATIENCE_S)
        assert running.returncode == 0, words
    assert require_same(out, parallel) > 20


def test_sites_and_their_steps_are_told_while_several_are_worked_on(watched, scans):
    lines = watched.words.splitlines()
    assert "2 sites at a time; dashboard http://127.0.0.1:" in lines[0]
    done = [line for line in lines if " done (" in line]
    assert sorted(line.split()[0] for line in done) == [scan.stem for scan in scans]
    assert [line.split()[-1] for line in done] == ["(1/3)", "(2/3)", "(3/3)"]


def test_nobody_else_on_this_machine_can_talk_to_the_cluster(watched):
    assert len(watched.ports) > 3  # scheduler, dashboard, workers and what restarts them
    assert {ip for ip, _ in watched.ports} == {"127.0.0.1"}
    assert watched.admitted == []


def test_cluster_that_speaks_tls(make_scan, tmp_path):
    scans = [make_scan(f"{name}.las", points=200) for name in "ab"]
    parts = write_keys(tmp_path)
    flags = [word for name, path in parts.items() for word in (f"--tls-{name}", path)]
    keys = {f"DASK_DISTRIBUTED__COMM__TLS__{n}": str(p) for n, p in dask_settings(parts).items()}
    command = [
        *PROGRAM,
        "tile",
        *scans,
        "-o",
        tmp_path / "out",
        "--vertical",
        "jgd2011",
        "--axis-order",
        "en",
        "-q",
    ]
    with scheduler(tmp_path, 1, "--protocol", "tls", *flags) as (address, _):
        assert address.startswith("tls://")
        command += ["--scheduler", address]
        refused = subprocess.run(command, capture_output=True, check=False, text=True)
        done = subprocess.run(command, capture_output=True, check=False, env=os.environ | keys)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "--scheduler tls://" in refused.stderr
    assert done.returncode == 0, done.stderr


def write_keys(folder):
    """Write a key and a certificate; return the files by the names that Dask's flags have."""
    security = temporary_security()
    parts = {
        "ca-file": security.tls_ca_file,
        "cert": security.tls_scheduler_cert,
        "key": security.tls_scheduler_key,
    }
    paths = {name: folder / f"{name}.pem" for name in parts}
    for name, text in parts.items():
        paths[name].write_text(text)
    return paths


def dask_settings(parts):
    own = {f"CLIENT__{name.upper()}": parts[name] for name in ("cert", "key")}
    return {"CA_FILE": parts["ca-file"], **own}


def test_scheduler_that_is_lost_is_one_line_and_the_run_goes_on_without_it(
    scans, parallel, tmp_path
):
    out = tmp_path / "out"
    with scheduler(tmp_path, workers=1) as (address, (serving, _)):
        command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS, "--scheduler", address]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            wait_until(lambda: at_work(out), running)
            serving.kill()
            _, words = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 1
    assert words.count(b"\n") == 1
    assert b"lost; run again with --resume" in words
    assert not out.exists()
    assert run(scans, out, "--resume").returncode == 0
    assert require_same(out, parallel) > 20


@pytest.mark.parametrize(
    ("loaded", "message"),
    [
        (
            "import twin_pipeline.foreign\ntwin_pipeline.foreign.__version__ = '0.0.1'",
            "has twin-pipeline 0.0.1; install twin-pipeline ",
        ),
        (
            "import sys\nsys.modules['twin_pipeline.foreign'] = None",
            "can't run twin-pipeline (",
        ),
    ],
)
def test_workers_that_can_not_do_the_work_are_told_before_any_is_done(
    make_scan, tmp_path, monkeypatch, loaded, message
):
    scans = [make_scan(f"{name}.las", points=200) for name in "ab"]
    (tmp_path / "other.py").write_text(loaded)
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", str(tmp_path / "other.py"))
    with scheduler(tmp_path, workers=1) as (address, _):
        monkeypatch.undo()
        done = run(scans, tmp_path / "out", "--scheduler", address)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / ".out.work").exists()


def test_address_without_scheduler_is_one_line(scans, tmp_path):
    done = run(scans, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 1
    assert "no scheduler answers" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_interrupted_batch_says_how_to_go_on_and_leaves_no_process(scans, parallel, tmp_path):
    out = tmp_path / "out"
    command = [*PROGRAM, "run", *scans, "-o", out, *SETTINGS, "--jobs", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    while process.poll() is None and not list(out.parent.glob(".out.work/stage/sites/*/site.json")):
        time.sleep(0.02)
    below = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, words = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"sites are done, --resume goes on from there" in words
    assert words.count(b"\n") == 1
    _, alive = psutil.wait_procs(below, timeout=PATIENCE_S)
    assert alive == []
    assert run(scans, out, "--resume").returncode == 0
    assert require_same(out, parallel) > 20


def test_default_count_follows_cores_and_memory(scans, monkeypatch):
    sites = [site_of(scan, Config()) for scan in scans]
    monkeypatch.setattr(cluster.os, "cpu_count", lambda: 64)
    monkeypatch.setattr(cluster, "_BASE_BYTES", 0.8 * psutil.virtual_memory().total)
    assert default_jobs(sites) == 1
    monkeypatch.setattr(cluster, "_BASE_BYTES", 1.0)
    monkeypatch.setattr(cluster, "_BYTES_PER_BYTE", {})
    assert default_jobs(sites) == 64


def greedy(site, folder, progress):
    """Take more memory than half of what there is; the first time until that is noticed."""
    progress.stage("read")
    progress.advance(1, 2)
    if site.name == "large":
        tried = site.scan.with_suffix(".tried")
        held_s = 1.0 if tried.exists() else PATIENCE_S
        tried.touch()
        taken = bytearray(GREED_BYTES)
        taken[::4096] = bytes(len(taken[::4096]))
        time.sleep(held_s)
    folder.mkdir(parents=True)
    return Done((), {}, {})


@pytest.fixture
def small_memory(monkeypatch):
    """Let the machine have little memory, and a site be given up after its first death."""
    monkeypatch.setattr(cluster, "free_bytes", lambda: GREED_BYTES * 1.9)
    monkeypatch.setitem(cluster._SETTINGS, "distributed.scheduler.allowed-failures", 0)


@pytest.mark.usefixtures("small_memory")
def test_site_whose_memory_ran_out_is_tried_alone_with_all_of_it(tmp_path):
    names = ["small", "large"]
    sites = [Site(name, (tmp_path / f"{name}.las",), Config()) for name in names]
    told = Told()
    with work_folder(tmp_path / "out", overwrite=False, resume=False) as work:
        work.begin({"sites": names})
        with EventLog(work.log) as log:
            watch = Watch(told, log, work, total=2, done=0)
            ended = {}
            for site, _, how in cluster.on_cluster(greedy, sites, work, Resources(jobs=2), watch):
                ended[site.name] = how
                watch.ended(site, None)
    assert ended == {"small": Done((), {}, {}), "large": Done((), {}, {})}
    assert [note for note in told.notes if "killed" in note] == [
        "killed, trying them again one at a time: large"
    ]
    assert ("small", 1, 2) in told.steps


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self):
        self.notes = []
        self.steps = []

    def advance_of(self, name, done, total):
        self.steps.append((name, done, total))

    def note(self, message):
        self.notes.append(message)


def test_a_large_site_does_not_leave_cores_idle_for_small_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(cluster, "free_bytes", lambda: 16e9)
    sites = [Site(name, (tmp_path / f"{name}.las",), Config()) for name in ("a", "large", "b")]
    for site in sites:
        site.scan.touch()
    os.truncate(sites[1].scan, 300_000_000)
    rounds = [([site.name for site in part], jobs) for part, jobs in cluster._rounds(sites, None)]
    assert rounds == [(["a", "b"], 8), (["large"], 1)]
    assert [jobs for _, jobs in cluster._rounds(sites, 3)] == [3]
