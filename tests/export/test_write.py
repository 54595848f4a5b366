"""All attribute files of a run, and that none is left half-written."""

import pytest
from factories import make_result

from twin_pipeline.errors import OutputError
from twin_pipeline.export.files import staged, write_text
from twin_pipeline.export.write import write_attributes

NAMES = ["pipes.gpkg", "pipes.geojson", "pipes.csv", "stations.csv", "fittings.csv"]


def test_all_files_appear_and_nothing_else(tmp_path, results):
    paths = write_attributes(results, tmp_path)
    assert paths == [tmp_path / name for name in NAMES]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_writing_again_gives_the_same_bytes(tmp_path, results):
    first = [path.read_bytes() for path in write_attributes(results, tmp_path)]
    assert [path.read_bytes() for path in write_attributes(results, tmp_path)] == first


def test_a_file_in_place_of_the_folder_is_an_output_error(tmp_path):
    out = write_text(tmp_path / "out", "x")
    with pytest.raises(OutputError, match=r"pipes\.gpkg.*can't be written"):
        write_attributes([make_result()], out)


def test_a_failing_block_leaves_the_old_file_alone(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")

    def fail() -> None:
        with staged(path) as beside:
            beside.write_text("half")
            raise ValueError("interrupted")

    with pytest.raises(ValueError, match="interrupted"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
