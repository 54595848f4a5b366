import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from factories import make_empty_survey

from twin_pipeline import batch, conducting
from twin_pipeline.cli import main
from twin_pipeline.cli import tiling as tiling_command
from twin_pipeline.cli.running import pass_on_warnings
from twin_pipeline.durable.work import Work
from twin_pipeline.model import Gate

PROGRAM = [sys.executable, "-m", "twin_pipeline"]
COMMANDS = ("run", "check", "info", "tile", "validate", "view", "export", "compare-counts", "watch")
HEIGHTS = ("--vertical", "jgd2011", "--axis-order", "en")


def once_interrupted(function):
    """Return what is interrupted the first time, and does as the function later."""
    calls = []

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return function(*given)

    return interrupted


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that calls the command line and returns exit code, stdout and stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["twin-pipeline", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call


@pytest.fixture
def failing(monkeypatch):
    """Return a function that lets the pipeline raise what it is given."""

    def fail(error):
        def run_site(*_):
            raise error

        monkeypatch.setattr(conducting, "run_site", run_site)

    return fail


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(call, command):
    code, out, _ = call(command, "--help")
    assert code == 0
    assert f"Example: twin-pipeline {command} " in out


def test_help_loads_nothing_heavy():
    script = (
        "import sys, contextlib\nfrom twin_pipeline.cli import main\n"
        "sys.argv = ['twin-pipeline', 'run', '--help']\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "print({'numpy', 'numba', 'rich', 'pyproj'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] == "set()"


def test_what_a_command_does_not_call_it_does_not_load():
    script = (
        "import sys\nimport twin_pipeline.cli.tiling\n"
        "print({'numba', 'laspy', 'jinja2', 'cryptography', 'distributed'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] == "set()"


def test_module_and_command_are_the_same():
    done = subprocess.run([*PROGRAM, "--version"], capture_output=True, check=True)
    assert done.stdout.decode().startswith("twin-pipeline ")


@pytest.mark.usefixtures("known_pipes")
class TestRun:
    def test_table_names_the_pipes_and_where_everything_is(self, call, make_scan, tmp_path):
        out = tmp_path / "out"
        code, text, messages = call("run", make_scan(), "-o", out, *HEIGHTS)
        lines = text.splitlines()
        assert code == 0
        assert lines[0].split()[:3] == ["pipe", "role", "nominal"]
        cells = "P1    main      DIP 200    220.0 ± 1.1          1.230 / 1.247 / 1.266 "
        assert lines[1].startswith(cells)
        assert lines[1].endswith("9.895       good")
        assert "undecided" in lines[3]
        assert f"outputs  {out}" in lines
        assert f"viewer   twin-pipeline view {out}" in lines
        assert "site" in messages

    def test_site_stands_in_the_table_of_several(self, call, make_scan, tmp_path):
        scans = [make_scan("一.las"), make_scan("two.las")]
        _, text, _ = call("run", *scans, "-o", tmp_path / "out", *HEIGHTS)
        rows = text.splitlines()[:7]
        assert [row.split()[0] for row in rows] == ["site", *3 * ["一"], *3 * ["two"]]

    def test_json_is_the_record(self, call, make_scan, tmp_path):
        out = tmp_path / "out"
        _, text, _ = call("run", make_scan(), "-o", out, *HEIGHTS, "--json")
        assert json.loads(text) == json.loads((out / "run.json").read_text("utf-8"))

    def test_quiet_says_nothing_but_the_result(self, call, make_scan, tmp_path):
        _, text, messages = call("run", make_scan(), "-o", tmp_path / "out", *HEIGHTS, "-q")
        assert text
        assert messages == ""

    def test_flag_is_named_as_the_source_of_a_decision(self, call, make_scan, tmp_path):
        _, text, _ = call("run", make_scan(), "-o", tmp_path / "out", *HEIGHTS, "--json")
        assert json.loads(text)["sites"][0]["crs"]["vertical"]["source"] == "--vertical"

    def test_dry_run_says_what_it_would_do_and_writes_nothing(self, call, make_scan, tmp_path):
        scan = make_scan()
        code, text, _ = call("run", scan, "-o", tmp_path / "out", *HEIGHTS, "--dry-run")
        assert code == 0
        assert "2,000 points" in text
        assert "EPSG:6677" in text
        assert "jgd2011 (--vertical)" in text
        assert list(tmp_path.iterdir()) == [scan]

    def test_failed_gate_is_named(self, call, make_scan, tmp_path, monkeypatch):
        gate = Gate("coverage", passed=False, detail="only 40 % of the trench was seen")
        run_site = conducting.run_site

        def with_gate(*arguments):
            outcome = run_site(*arguments)
            object.__setattr__(outcome.result.survey, "gates", (gate,))
            return outcome

        monkeypatch.setattr(conducting, "run_site", with_gate)
        out = tmp_path / "out"
        code, text, messages = call("run", make_scan(), "-o", out, *HEIGHTS)
        assert code == 3
        assert "P1" in text
        assert "site: gate coverage failed: only 40 %" in messages
        assert (out / "run.json").exists()


class TestFailures:
    def _one_line(self, messages):
        (line,) = messages.splitlines()
        assert line.startswith("twin-pipeline: ")
        return line

    @pytest.mark.usefixtures("known_pipes")
    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["absent.las"], 1, "absent.las: does not exist"),
            (["SCAN", "--geoid", "egm96"], 2, "--geoid: crs.geoid = 'egm96'"),
            (["SCAN", "-c", "absent.toml"], 2, "absent.toml: can't be read"),
            (["SCAN"], 4, "--vertical"),
        ],
    )
    def test_mistake_is_one_line_and_its_code(
        self, call, make_scan, tmp_path, arguments, code, message
    ):
        scan = make_scan()
        given = [scan if argument == "SCAN" else argument for argument in arguments]
        found, text, messages = call("run", *given, "-o", tmp_path / "out", "-q")
        assert (found, text) == (code, "")
        assert message in self._one_line(messages)
        assert list(tmp_path.iterdir()) == [scan]

    def test_unknown_material_is_named_with_the_known_ones(self, call, make_scan, tmp_path):
        arguments = ("-o", tmp_path / "out", *HEIGHTS, "-q", "--material", "GOLD")
        code, _, messages = call("run", make_scan(), *arguments)
        assert code == 2
        line = self._one_line(messages)
        assert "'GOLD'" in line
        assert "DIP, SP, HPPE, VP, SUS" in line

    def test_unknown_option_is_wrong_usage(self, call):
        code, text, messages = call("run", "x.las", "--colour")
        assert (code, text) == (2, "")
        assert "--colour" in messages

    def test_interruption_leaves_nothing(self, call, failing, make_scan, tmp_path):
        scan = make_scan()
        failing(KeyboardInterrupt())
        code, _, messages = call("run", scan, "-o", tmp_path / "out", *HEIGHTS, "-q")
        assert code == 130
        assert "nothing was written" in self._one_line(messages)
        assert list(tmp_path.iterdir()) == [scan]

    def test_full_disk_is_one_line(self, call, failing, make_scan, tmp_path):
        failing(OSError(28, "No space left on device", "tiles/0.glb"))
        code, _, messages = call("run", make_scan(), "-o", tmp_path / "out", *HEIGHTS, "-q")
        assert code == 1
        line = self._one_line(messages)
        assert f"{tmp_path / 'out'}: the disk is full (No space left on device); make room" in line

    def test_interrupt_that_comes_when_all_is_written_says_so(
        self, call, make_scan, tmp_path, monkeypatch
    ):
        arguments = ("-o", tmp_path / "out", *HEIGHTS, "-q")
        for moment in ((Work, "_vanish"), (tiling_command, "pass_on_warnings")):
            with monkeypatch.context() as patch:
                patch.setattr(*moment, once_interrupted(getattr(*moment)))
                code, _, messages = call("tile", make_scan(), *arguments, "--overwrite")
            assert code == 130
            assert "interrupted when" in self._one_line(messages)
            assert "out had been written" in messages
            assert {path.name for path in tmp_path.iterdir()} == {"site.las", "out"}
            assert call("validate", tmp_path / "out")[0] == 0

    def test_bug_is_one_line_and_its_traceback_on_demand(self, call, failing, make_scan, tmp_path):
        failing(ZeroDivisionError("two\nlines"))
        arguments = ("run", make_scan(), "-o", tmp_path / "out", *HEIGHTS, "-q")
        code, _, messages = call(*arguments)
        assert code == 1
        assert "ZeroDivisionError: two lines" in self._one_line(messages)
        assert "-v" in messages
        code, _, messages = call(*arguments, "-v")
        assert code == 1
        assert "Traceback" in messages

    def test_termination_cleans_up(self, make_scan, tmp_path):
        scan = make_scan()
        script = (
            "import os, signal, sys\nfrom twin_pipeline import conducting\n"
            "from twin_pipeline.cli import main\n"
            "conducting.run_site = lambda *_: os.kill(os.getpid(), signal.SIGTERM)\n"
            "sys.argv = ['twin-pipeline', *sys.argv[1:]]\nmain()"
        )
        command = [sys.executable, "-c", script, "run", scan, "-o", tmp_path / "out", "-q"]
        done = subprocess.run(command, check=False)
        assert done.returncode == 128 + signal.SIGTERM
        assert list(tmp_path.iterdir()) == [scan]

    def test_request_to_end_that_gets_lost_is_made_again(self, make_scan, tmp_path):
        scan = make_scan()
        script = (
            "import os, signal, sys, time\nfrom twin_pipeline import conducting\n"
            "from twin_pipeline.cli import main\n"
            "class Losing:\n"
            "    def __del__(self): os.kill(os.getpid(), signal.SIGINT); time.sleep(0)\n"
            "def run_site(*_):\n    Losing()\n    time.sleep(60)\n"
            "conducting.run_site = run_site\n"
            "sys.argv = ['twin-pipeline', *sys.argv[1:]]\nmain()"
        )
        command = [sys.executable, "-c", script, "run", scan, "-o", tmp_path / "out", "-q"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
        assert done.returncode == 128 + signal.SIGINT
        assert done.stderr == "twin-pipeline: interrupted; nothing was written\n"
        assert list(tmp_path.iterdir()) == [scan]

    def test_terminal_without_japanese_is_no_reason_to_fail(self, make_scan, tmp_path):
        scan = make_scan("掘削.las")
        environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
        command = [*PROGRAM, "tile", scan, "-o", tmp_path / "出力", *HEIGHTS]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert b"outputs" in done.stdout
        assert b"\x1b" not in done.stdout + done.stderr


def test_no_pipe_is_said(call, make_scan, tmp_path, monkeypatch):
    from twin_pipeline.tiling import tile_site

    def run_site(site, *rest):
        outcome = tile_site(site, *rest)
        return replace(outcome, result=replace(outcome.result, survey=make_empty_survey(site.name)))

    monkeypatch.setattr(conducting, "run_site", run_site)
    code, text, messages = call("run", make_scan(), "-o", tmp_path / "out", *HEIGHTS)
    assert code == 3
    assert text.startswith("no pipe was found")
    assert "gate pipe_found failed" in messages


def test_bar_appears_on_a_terminal_only_and_takes_any_name(make_scan, tmp_path):
    scan = make_scan("[red]トレンチ[bold].las")
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "tile", scan, "-o", tmp_path / "out", *HEIGHTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b"".join(_all_of(ours)).decode()
        told = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0, shown
    assert "[red]トレンチ[bold]: sort points" in shown
    assert "[red]トレンチ[bold]: build tiles" in shown
    assert b"\x1b" not in told


def _all_of(terminal):
    """Read a terminal until its other side is closed, which raises."""
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 100_000):
            yield data


def test_tile_says_how_many(call, make_scan, tmp_path):
    code, text, _ = call("tile", make_scan(), "-o", tmp_path / "out", *HEIGHTS)
    assert code == 0
    assert text.startswith("2,000 points in 1 tiles")


def test_info_tells_what_a_scan_is(call, make_scan):
    code, text, _ = call("info", make_scan())
    assert code == 0
    assert "2,000" in text
    code, text, _ = call("info", make_scan(), "--json")
    assert json.loads(text)["point_count"] == 2000


def test_info_and_check_say_of_a_false_place_what_run_would(call, make_scan, tmp_path, monkeypatch):
    """The coordinates are none of UTM zone 53."""
    monkeypatch.setattr("twin_pipeline.checking._checked", lambda *_: ())
    monkeypatch.setattr("twin_pipeline.cli.compilation.begin_compilation", lambda *_: None)
    scan = make_scan(crs=6690)
    code, _, messages = call("run", scan, "-o", tmp_path / "out", *HEIGHTS, "-q")
    assert code == 4
    reason = messages.partition("EPSG:6690 can't hold")[2].splitlines()[0]
    code, text, _ = call("check", scan, *HEIGHTS, "-q")
    assert code == 4
    assert "FAILED  place: doubtful: " in text
    assert reason in text
    code, text, _ = call("info", scan, *HEIGHTS)
    assert code == 0
    assert reason in text
    place = json.loads(call("info", scan, *HEIGHTS, "--json")[1])["place"]
    assert place["doubted"]
    assert not place["established"]


def test_info_tells_where_a_scan_lies(call, make_scan):
    assert "(near Shinjuku), JGD2011 (vertical) height" in call("info", make_scan(), *HEIGHTS)[1]
    assert "not said yet" in call("info", make_scan())[1]


def test_info_of_a_cut_off_scan_fails_after_telling(call, make_scan):
    scan = make_scan()
    scan.write_bytes(scan.read_bytes()[:-500])
    code, text, messages = call("info", scan)
    assert code == 1
    assert "2,000" in text
    assert "cut off" in messages


@pytest.mark.usefixtures("known_pipes")
def test_validate_tells_sound_from_damaged(call, make_scan, tmp_path):
    out = tmp_path / "out"
    call("run", make_scan(), "-o", out, *HEIGHTS)
    assert call("validate", out)[0] == 0
    (out / "pipes.csv").unlink()
    code, text, messages = call("validate", out)
    assert code == 3
    assert "pipes.csv" in text
    assert "1 problem" in messages
    code, text, _ = call("validate", out, "--json")
    assert code == 3
    assert json.loads(text)["valid"] is False


def test_view_prints_its_address_first_and_ends_on_interruption(call, make_scan, tmp_path):
    out = tmp_path / "out"
    call("tile", make_scan(), "-o", out, *HEIGHTS)
    if not (Path(batch.__file__).parent / "viewer_static" / "index.html").exists():
        pytest.skip("the viewer has not been built: make viewer")
    command = [*PROGRAM, "view", out, "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}data/tiles/tileset.json", timeout=30) as answer:  # noqa: S310
            assert json.load(answer)["asset"]["version"] == "1.1"
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0


def test_check_says_what_must_be_scanned_again(call):
    code, text, errors = call("check", "sample_data/trench_tokyo.laz", "--material", "DIP", "-q")
    assert code == 3
    assert "ok      pipes: 1 found" in text
    assert "FAILED  P01: hidden from " in text
    assert "1 of 4 checks failed" in errors


def test_check_of_a_scan_without_pipe_fails_as_json(call, make_scan):
    code, text, _ = call("check", make_scan(), "--json", "-q")
    found = json.loads(text)
    assert code == 3
    assert not found["passed"]
    assert {item["subject"] for item in found["items"]} == {"pavement", "pipes"}


def test_a_warning_of_many_scans_alike_is_told_once():
    scans = [f"{name}.laz" for name in "abcde"]
    messages = [f"{scan}: is old" for scan in scans] + ["a.laz: is odd", "b.laz: is odd"]
    record = {
        "inputs": [{"path": f"/in/{scan}"} for scan in scans],
        "warnings": [{"site": None, "message": message} for message in messages],
    }
    notes = []
    pass_on_warnings(SimpleNamespace(record=record), SimpleNamespace(note=notes.append))
    assert notes == [
        "warning: a.laz: is old (and 4 more alike, see run.json)",
        "warning: a.laz: is odd",
        "warning: b.laz: is odd",
    ]
