"""Arrays in files: they hold what was put there, and the process stays small all the same."""

import errno
import mmap
import multiprocessing
import resource
import sys

import numpy as np
import pytest

from twin_pipeline.shelves import Shelf, in_chunks, kept_small, packed, unpacked

RNG = np.random.default_rng(1)


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "shelf")


def test_what_is_put_on_a_shelf_is_there(shelf):
    rows = RNG.normal(size=(1000, 3))
    roll = shelf.roll(np.float64, 3)
    for part in (rows[:10], rows[10:10], rows[10:]):
        roll.append(part)
    np.testing.assert_array_equal(roll.finish(), rows)
    np.testing.assert_array_equal(shelf.keep(rows[:, 1]), rows[:, 1])
    assert shelf.roll(np.int32, 2).finish().shape == (0, 2)
    empty = shelf.empty(np.uint16, 5)
    empty[2] = 7
    assert empty.tolist() == [0, 0, 7, 0, 0]


def test_nobody_else_may_look_into_a_shelf(shelf):
    assert shelf.folder.stat().st_mode & 0o077 == 0


def test_chunks_are_the_whole():
    array = np.arange(2_500_000)
    assert np.array_equal(np.concatenate(list(in_chunks(array))), array)
    assert max(map(len, in_chunks(array))) < len(array)


def _sum_of(work: bytes, answers: "multiprocessing.Queue[int]") -> None:
    whole, part = unpacked(work)
    answers.put(int(whole.sum() + part.sum()))


def test_another_process_reads_the_same_file(shelf):
    whole = shelf.keep(np.arange(1_000_000))
    work = packed((whole, whole[5:8]))
    assert len(work) < 1000
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    other = context.Process(target=_sum_of, args=(work, answers))
    other.start()
    assert answers.get(timeout=60) == whole.sum() + 5 + 6 + 7
    other.join()


def test_a_full_disk_is_an_error_and_no_signal(shelf):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(OSError) as told:  # noqa: PT011 - its number is looked at
            shelf.empty(np.float64, 1 << 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert told.value.errno == errno.EFBIG


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is held of files")
def test_a_process_holds_little_of_what_it_reads(shelf):
    arrays = [shelf.empty(np.float64, 4 << 20) for _ in range(8)]
    most = 0
    with kept_small(24 << 20):
        before = _held()
        for array in arrays:
            for first in range(0, len(array), 1 << 16):
                array[first : first + (1 << 16)] += 1.0
                most = max(most, _held() - before)
    assert most < 128 << 20  # of 256
    assert all(array.min() == array.max() == 1.0 for array in arrays)


def _held() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - many times
        return int(file.read().split()[2]) * mmap.PAGESIZE


def test_what_is_laid_aside_is_there_for_a_while(tmp_path):
    shelf = Shelf(tmp_path)
    kept = shelf.keep(np.arange(5))
    with shelf.aside() as other:
        array = other.joined([np.arange(3), np.arange(4)], np.int64)
        assert array.tolist() == [0, 1, 2, 0, 1, 2, 3]
        assert other.folder.parent == tmp_path
    assert not other.folder.exists()
    assert kept.tolist() == [0, 1, 2, 3, 4]
    assert len(list(tmp_path.iterdir())) == 1
