import os
from pathlib import Path

import pytest

from twin_pipeline.errors import OutputError
from twin_pipeline.output import output_folder


def _finished(out: Path, text: str = "old") -> Path:
    out.mkdir(parents=True)
    (out / "run.json").write_text(text)
    return out


def _write(out: Path, *, overwrite: bool = False, inputs: tuple[Path, ...] = ()) -> None:
    with output_folder(out, overwrite=overwrite, inputs=inputs) as folder:
        (folder / "run.json").write_text("new")


def _fail_half_way(folder: Path, failure: type[BaseException]) -> None:
    (folder / "half.txt").write_text("half")
    raise failure


def test_folder_appears_when_the_block_ends(tmp_path):
    out = tmp_path / "deep" / "結果"
    with output_folder(out, overwrite=False) as folder:
        (folder / "run.json").write_text("new")
        assert not out.exists()
    assert (out / "run.json").read_text() == "new"
    assert [path.name for path in out.parent.iterdir()] == ["結果"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_stays_of_a_failed_run(tmp_path, failure):
    out = tmp_path / "out"
    with pytest.raises(failure), output_folder(out, overwrite=False) as folder:
        _fail_half_way(folder, failure)
    assert list(tmp_path.iterdir()) == []


def test_failed_run_leaves_the_old_output(tmp_path):
    out = _finished(tmp_path / "out")
    with pytest.raises(ValueError, match="broken"), output_folder(out, overwrite=True):
        raise ValueError("broken")
    assert (out / "run.json").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_finished_run_needs_overwrite(tmp_path):
    out = _finished(tmp_path / "out")
    with pytest.raises(OutputError, match="--overwrite"):
        _write(out)
    _write(out, overwrite=True)
    assert (out / "run.json").read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]


def test_old_files_do_not_mix_with_new_ones(tmp_path):
    out = _finished(tmp_path / "out")
    (out / "stale.csv").touch()
    _write(out, overwrite=True)
    assert [path.name for path in out.iterdir()] == ["run.json"]


def test_folder_of_somebody_else_is_never_replaced(tmp_path):
    out = tmp_path / "documents"
    out.mkdir()
    (out / "thesis.txt").touch()
    with pytest.raises(OutputError, match="no output of twin-pipeline"):
        _write(out, overwrite=True)
    assert (out / "thesis.txt").exists()


def test_file_in_the_place_of_the_folder_is_left_alone(tmp_path):
    out = tmp_path / "out"
    out.write_text("a file")
    with pytest.raises(OutputError, match="no output of twin-pipeline"):
        _write(out, overwrite=True)
    assert out.read_text() == "a file"


def test_empty_folder_may_be_filled(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    _write(out)
    assert (out / "run.json").read_text() == "new"


def test_input_in_the_folder_to_be_replaced_is_refused(tmp_path):
    out = _finished(tmp_path / "out")
    scan = out / "scan.laz"
    scan.touch()
    with pytest.raises(OutputError, match="lies in the output folder"):
        _write(out, overwrite=True, inputs=(scan,))
    assert scan.exists()


def test_link_to_a_folder_stays_a_link(tmp_path):
    target = _finished(tmp_path / "disk" / "out")
    link = tmp_path / "link"
    link.symlink_to(target)
    _write(link, overwrite=True)
    assert link.is_symlink()
    assert (target / "run.json").read_text() == "new"


def test_run_that_finished_there_meanwhile_is_kept(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(OutputError, match="--overwrite"), output_folder(out, overwrite=False):
        _finished(out, "of the other run")
    assert (out / "run.json").read_text() == "of the other run"
    assert list(tmp_path.iterdir()) == [out]


def test_old_output_comes_back_when_the_new_one_can_not_take_its_place(tmp_path, monkeypatch):
    out = _finished(tmp_path / "out")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if "partial" in self.name:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="Permission denied"):
        _write(out, overwrite=True)
    assert (out / "run.json").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_parent_that_is_a_file_is_one_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="can't be written"):
        _write(tmp_path / "file" / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_parent_without_rights_is_one_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="can't be written"):
        _write(tmp_path / "out")
