import pytest

from twin_pipeline.errors import OutputError
from twin_pipeline.pictures.folder import INDEX, picture_folder, require_place


def draw(folder, text="new", **how):
    with picture_folder(folder, **how) as staging:
        (staging / INDEX).write_text(text)


def test_pictures_appear_whole_and_nothing_stays_beside_them(tmp_path):
    folder = tmp_path / "deep" / "site"
    with picture_folder(folder) as staging:
        (staging / INDEX).write_text("new")
        assert not folder.exists()
    assert [path.name for path in folder.parent.iterdir()] == ["site"]
    assert (folder / INDEX).read_text() == "new"


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), picture_folder(tmp_path / "site") as staging:
        (staging / INDEX).write_text(f"{1 / 0}")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="left alone"):
            draw(tmp_path, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_earlier_pictures_are_replaced_only_on_request(tmp_path):
    folder = tmp_path / "site"
    draw(folder, "old")
    with pytest.raises(OutputError, match="earlier run"):
        draw(folder)
    assert (folder / INDEX).read_text() == "old"
    draw(folder, overwrite=True)
    assert (folder / INDEX).read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_earlier_pictures_survive_a_failure(tmp_path):
    folder = tmp_path / "site"
    draw(folder, "old")
    with pytest.raises(ZeroDivisionError), picture_folder(folder, overwrite=True):
        1 / 0  # noqa: B018
    assert (folder / INDEX).read_text() == "old"


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file.*--debug-dir"):
        draw(tmp_path / "file" / "site")
    with pytest.raises(OutputError, match="file"):
        require_place(tmp_path / "file")


def test_an_empty_folder_may_be_used(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    draw(folder)
    assert (folder / INDEX).read_text() == "new"
