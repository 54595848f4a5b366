"""What the watch does with drops; the work itself is made up."""

import hashlib
import json
import os
import shutil

import pytest

from intake.made import HIDDEN, SEEN, Bench, found
from twin_pipeline.errors import InputError, OutputError
from twin_pipeline.intake import service
from twin_pipeline.intake.working import DiedError


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)


def names(bench):
    return [task.site.name for task in bench.tasks]


def test_a_drop_is_answered_once(bench):
    bench.drop("a.laz")
    for _ in range(3):
        bench.look()
    assert names(bench) == ["a"]
    assert [answer["verdict"] for answer in bench.answers] == ["accepted"]
    result = bench.result("a.laz")
    assert (result["verdict"], result["site"], result["in_output"]) == ("accepted", "a", True)
    assert result["pipes"][0]["cover_mean_m"] == 1.21
    text = bench.text("a.laz")
    assert "受理  ACCEPTED" in text
    assert "1.200 / 1.210 / 1.220 m" in text
    assert not list(bench.inbox.glob(".*"))


def test_what_to_scan_again_is_told_with_chainages_in_both_languages(bench):
    bench.finds["a"] = found(SEEN, HIDDEN)
    bench.drop("a.laz")
    bench.look()
    (place,) = bench.result("a.laz")["rescan"]
    assert (place["from_m"], place["to_m"]) == (3.1, 4.2)
    text = bench.text("a.laz")
    assert "測点 3.1～4.2 m が隠れています" in text
    assert "hidden from 3.1 to 4.2 m" in text
    assert "同じファイル名で" in text


def test_failed_gates_are_remarks(bench):
    gate = {"name": "cover", "passed": False, "detail": "0.55 m at 3.0 m"}
    bench.finds["a"] = found(gates=[gate])
    bench.drop("a.laz")
    bench.look()
    assert bench.result("a.laz")["verdict"] == "accepted_with_remarks"
    assert "cover: 0.55 m at 3.0 m" in bench.text("a.laz")


def test_a_changed_file_of_the_same_name_is_new_work_and_a_touched_one_is_not(bench):
    path = bench.drop("a.laz", b"first")
    bench.look()
    os.utime(path, (1, 1))
    bench.look()
    bench.look()
    assert len(bench.tasks) == 1
    bench.drop("a.laz", b"other")
    bench.finds["a"] = lambda task: found(SEEN, HIDDEN, in_output=False, kept=task.keeps)
    bench.look()
    assert [task.keeps for task in bench.tasks] == [False, True]
    result = bench.result("a.laz")
    assert (result["verdict"], result["in_output"]) == ("rescan", True)
    assert "そのまま残しています" in bench.text("a.laz")
    # and the third, which is sound, is again held to the accepted one that stands
    bench.finds["a"] = found()
    bench.drop("a.laz", b"third")
    bench.look()
    assert bench.result("a.laz")["verdict"] == "accepted"


def test_the_old_answer_is_gone_while_the_new_file_is_worked_on(bench):
    bench.drop("a.laz", b"first")
    bench.look()
    seen = []
    bench.finds["a"] = lambda _: seen.append(list(bench.inbox.glob("*.result.*"))) or found()
    bench.drop("a.laz", b"second")
    bench.look()
    assert seen == [[]]
    assert bench.result("a.laz")["sha256"] == bench.tasks[-1].sha256


def test_the_same_content_twice_is_done_once(bench):
    bench.drop("a.laz")
    bench.drop("again.laz")
    bench.look()
    assert names(bench) == ["a"]
    result = bench.result("again.laz")
    assert (result["verdict"], result["duplicate_of"]) == ("duplicate", "a.laz")
    assert "二重には処理しません" in bench.text("again.laz")


def test_two_files_of_one_site_name(bench):
    bench.drop("a.laz", b"one")
    bench.drop("a.las", b"two")
    bench.look()
    refused = [answer for answer in bench.answers if answer["verdict"] == "refused"]
    assert [answer["reason"]["kind"] for answer in refused] == ["name"]
    assert len(bench.tasks) == 1
    # the remedy works: the same content under another name
    bench.drop("b.laz", (bench.inbox / refused[0]["file"]).read_bytes())
    bench.look()
    assert bench.result("b.laz")["verdict"] == "accepted"


@pytest.mark.parametrize("name", ["a.zip", "a.rcp", "a.pts", "a.obj"])
def test_what_is_no_scan_is_answered_and_other_files_are_left_alone(bench, name):
    bench.drop(name)
    bench.drop("photo.jpg")
    bench.drop("readme.txt")
    bench.drop("a.laz.part")
    bench.look()
    bench.look()
    assert len(bench.answers) == 1
    assert "LAS、LAZ、E57、PLY" in bench.text(name)


def test_errors_of_the_scan_are_answered_without_paths_of_this_machine(bench):
    reason = f"{bench.inbox}/a.laz: is cut off, copy it again, or give --salvage to use it"
    bench.finds["a"] = {"kind": "refused", "error": "InputError", "reason": reason}
    bench.drop("a.laz")
    bench.look()
    told = bench.result("a.laz")["reason"]
    assert told["en"] == "a.laz: is cut off, copy it again"
    assert told["ja"] == "点群ファイルを読み込めません。"


def test_errors_of_ours_are_no_answer_and_tried_again(bench, monkeypatch):
    monkeypatch.setattr(service, "_LATER_S", 0.0)
    bench.finds["a"] = {"kind": "later", "error": "OutputError", "reason": "disk full"}
    bench.drop("a.laz")
    bench.look()
    assert bench.answers == []
    assert any("put off: disk full" in note for note in bench.notes)
    bench.finds["a"] = found()
    bench.look()
    assert bench.result("a.laz")["verdict"] == "accepted"


def test_a_scan_that_kills_its_process_is_given_up_after_two_tries(bench):
    bench.finds["a"] = DiedError("was killed, probably for lack of memory")
    bench.drop("a.laz")
    bench.drop("b.laz", b"sound")
    for _ in range(4):
        bench.look()
    assert names(bench).count("a") == 2
    assert bench.result("a.laz")["reason"]["kind"] == "died"
    assert bench.result("b.laz")["verdict"] == "accepted"


def test_a_file_that_changes_under_the_work_is_not_answered_for_what_it_was(bench):
    path = bench.drop("a.laz", b"first")

    def grows(_):
        path.write_bytes(b"second")
        return found()

    bench.finds["a"] = grows
    bench.look()
    assert bench.answers == []
    bench.finds["a"] = found()
    bench.look()
    assert bench.result("a.laz")["sha256"] == bench.tasks[-1].sha256
    assert len(bench.tasks) == 2


def test_an_answer_that_cant_be_written_is_given_later(bench, monkeypatch):
    from twin_pipeline.intake.inbox import FolderInbox

    put = FolderInbox.put

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FolderInbox, "put", full)
    bench.drop("a.laz")
    bench.look()
    assert bench.answers == []
    monkeypatch.setattr(FolderInbox, "put", put)
    bench.look()
    assert len(bench.tasks) == 1
    assert bench.result("a.laz")["verdict"] == "accepted"


def test_incomplete_scans_wait_and_are_answered_in_the_end(tmp_path, monkeypatch, sample_scan):
    bench = Bench(tmp_path, monkeypatch, give_up_s=3600)
    path = bench.drop("a.laz", sample_scan.read_bytes()[:100_000])
    bench.look()
    bench.look()
    assert bench.answers == bench.tasks == []
    assert any("waiting for the rest" in note for note in bench.notes)
    os.utime(path, (1, 1))  # nobody has written for years
    bench.look()
    assert names(bench) == ["a"]


def test_a_manifest_makes_one_site_of_several_scans(bench):
    bench.drop("left.laz", b"left")
    bench.drop("job.toml", '[[site]]\nsite = "現場1"\nscans = ["left.laz", "right.laz"]'.encode())
    bench.look()  # give_up_s = 0: told at once what lacks
    assert bench.result("job.toml")["reason"]["kind"] == "waiting"
    assert "right.laz" in bench.text("job.toml")
    bench.drop("right.laz", b"right")
    bench.look()
    bench.look()
    assert names(bench) == ["現場1"]
    assert [path.name for path in bench.tasks[0].site.scans] == ["left.laz", "right.laz"]
    result = bench.result("job.toml")
    assert (result["verdict"], result["site"]) == ("accepted", "現場1")
    assert result["files"] == ["job.toml", "left.laz", "right.laz"]
    assert not (bench.inbox / "left.laz.result.json").exists()


def test_a_manifest_that_comes_late_takes_its_scans_out_again(bench):
    bench.drop("left.laz", b"left")
    bench.look()
    bench.drop("right.laz", b"right")
    bench.drop("job.csv", "現場,点群\nS,left.laz;right.laz\n".encode("cp932"))
    bench.look()
    assert names(bench) == ["left", "S"]
    assert bench.tasks[-1].without == ("left",)


def test_several_sites_of_a_manifest_are_answered_one_by_one(bench):
    bench.drop("a.laz", b"a")
    bench.drop("b.laz", b"b")
    bench.drop("job.csv", b"site,scans,material\nA,a.laz,DIP\nB,b.laz,SP\n")
    bench.look()
    assert names(bench) == ["A", "B"]
    assert bench.result("job.csv#B")["site"] == "B"
    assert [t.site.job.shared.material for t in bench.tasks] == ["DIP", "SP"]


def test_a_wrong_manifest_is_answered_and_another_csv_is_none(bench):
    bench.drop("points.csv", b"name,easting,northing\nP1,1,2\n")
    bench.drop("job.toml", b"[[site]\n")
    bench.look()
    assert [answer["file"] for answer in bench.answers] == ["job.toml"]
    assert "no TOML" in bench.result("job.toml")["reason"]["en"]


def test_scans_in_folders_and_outputs_beside_them(bench):
    bench.drop("north/a.laz", b"1")
    bench.drop("south/a.laz", b"2")
    bench.drop("old run/run.json", b"{}")
    bench.drop("old run/a.laz", b"3")
    bench.look()
    assert names(bench) == ["north_a", "south_a"]
    assert bench.result("south/a.laz")["site"] == "south_a"


def stand(bench, name, sha256):
    folder = bench.out / "sites" / name
    folder.mkdir(parents=True)
    (folder / "site.json").write_text(json.dumps({"inputs": [{"sha256": sha256}]}))
    (bench.out / "run.json").write_text(json.dumps({"sites": [{"name": name}]}))


def test_a_site_of_somebody_else_is_not_replaced_but_that_of_the_same_file_is_known(bench):
    stand(bench, "a", "of another file")
    bench.drop("a.laz")
    bench.look()
    assert bench.tasks == []
    assert "did not make" in bench.result("a.laz")["reason"]["en"]
    shutil.rmtree(bench.out)
    shutil.rmtree(bench.out.with_name(".out.watch"))  # somebody has tidied up
    stand(bench, "a", hashlib.sha256(b"a scan").hexdigest())
    bench.look()
    assert bench.result("a.laz")["verdict"] == "accepted"


def test_one_watch_at_a_time(bench, tmp_path):
    with bench.watch(), pytest.raises(OutputError, match=r"another watch \(process \d+"):
        bench.look()
    with bench.watch():
        bench.out = tmp_path / "elsewhere"
        with pytest.raises(OutputError, match="another watch"):
            bench.look()
    bench.look()


def test_places_that_cant_be(bench, tmp_path):
    bench.out = bench.inbox / "out"
    with pytest.raises(OutputError, match="lies in"):
        bench.look()
    bench.out = tmp_path / "taken"
    bench.out.mkdir()
    (bench.out / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="is no output of twin-pipeline"):
        bench.look()
    bench.inbox = tmp_path / "nowhere"
    with pytest.raises(InputError, match="is no folder"):
        bench.look()


def test_a_folder_that_is_gone_for_a_while(bench):
    bench.drop("a.laz")
    away = bench.inbox.with_name("away")
    with bench.watch() as watch:
        bench.inbox.rename(away)
        with pytest.raises(OutputError, match="can't be looked at"):
            watch._look()
        away.rename(bench.inbox)
        watch._look()
    assert bench.result("a.laz")["verdict"] == "accepted"
