import json
from pathlib import Path

import numpy as np
import pytest

from tests.tiles.earth import scan_of, trench
from twin_pipeline.tiles import Keep, points, validate_tiles
from twin_pipeline.tiles.distribute import Distributor

SCAN = scan_of(trench(40_000))


class DeathError(BaseException):
    """Stands for a signal that ends the process."""


@pytest.fixture(autouse=True)
def many_buckets(monkeypatch):
    monkeypatch.setattr(points, "BUCKET_POINTS", 6_000)


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _die_after(monkeypatch, buckets: int) -> list[tuple[str, int]]:
    """Let the process die once some buckets are built; return what was built, as it grows."""
    build, built = points.build, []

    def dying(bucket, sink):
        if len(built) >= buckets:
            raise DeathError
        built.append((bucket.spill.path.name, bucket.first))
        return build(bucket, sink)

    monkeypatch.setattr(points, "build", dying)
    return built


def _keep(tmp_path: Path, identity: str = "same") -> Keep:
    return Keep(tmp_path / "kept", identity)


def test_tiles_are_the_same_bytes_after_any_death(write, tmp_path, monkeypatch):
    whole, _ = write(SCAN, out=tmp_path / "whole" / "site")
    for buckets in (0, 1, 4):
        with monkeypatch.context() as patched:
            built = _die_after(patched, buckets)
            with pytest.raises(DeathError):
                write(SCAN, keep=_keep(tmp_path), options={"threads": 1})
            done = list(built)
        with monkeypatch.context() as patched:
            patched.setattr(Distributor, "distribute", _must_not_be_called)
            again = _die_after(patched, 1000)
            out, _ = write(SCAN, keep=_keep(tmp_path), out=tmp_path / str(buckets) / "site")
        assert not set(again) & set(done)
        assert len(done) == buckets
        assert _contents(out) == _contents(whole)
        assert not (tmp_path / "kept").exists()


def _must_not_be_called(*_: object) -> None:
    raise AssertionError("the scan is sorted already")


def _killed(write, tmp_path: Path, monkeypatch) -> Path:
    with monkeypatch.context() as patched:
        _die_after(patched, 4)
        with pytest.raises(DeathError):
            write(SCAN, keep=_keep(tmp_path), options={"threads": 1})
    return tmp_path / "kept"


DAMAGES = {
    "tile lost": lambda kept: next(kept.glob("tiles/*/*.glb")).unlink(),
    "tile emptied": lambda kept: next(kept.glob("tiles/*/*.glb")).write_bytes(b""),
    "parts cut off": lambda kept: _cut(kept / "built" / "1.npz"),
    "parts empty": lambda kept: (kept / "built" / "0.npz").write_bytes(b""),
    "points cut off": lambda kept: _cut(kept / "points"),
    "sorting cut off": lambda kept: _cut(kept / "sorted.npz"),
}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_a_power_cut_damaged_is_made_again(damage, write, tmp_path, monkeypatch):
    kept = _killed(write, tmp_path, monkeypatch)
    DAMAGES[damage](kept)
    out, _ = write(SCAN, keep=_keep(tmp_path))
    whole, _ = write(SCAN, out=tmp_path / "whole" / "site")
    assert _contents(out) == _contents(whole)


def test_nothing_of_another_identity_is_used(write, tmp_path, monkeypatch):
    _killed(write, tmp_path, monkeypatch)
    other = scan_of(trench(30_000))
    out, _ = write(other, keep=_keep(tmp_path, "other"))
    assert validate_tiles(out, 30_000) == []


def test_errors_leave_nothing(write, tmp_path):
    bad = scan_of(trench(3_000))
    bad.xyz[2_000] = np.nan
    with pytest.raises(Exception, match="not finite"):
        write(bad, keep=_keep(tmp_path), chunk=500)
    assert not (tmp_path / "kept").exists()
    assert not (tmp_path / "points").exists()


def test_death_before_the_scan_is_sorted_leaves_nothing(write, tmp_path, monkeypatch):
    def dying(*_: object) -> None:
        raise DeathError

    monkeypatch.setattr(points.Distributor, "distribute", dying)
    with pytest.raises(DeathError):
        write(SCAN, keep=_keep(tmp_path))
    assert not (tmp_path / "kept").exists()


def test_tileset_names_the_site_and_not_the_folder_it_was_made_in(write, tmp_path):
    out, _ = write(SCAN, keep=_keep(tmp_path), name="西新宿")
    tileset = json.loads((out / "tileset.json").read_text("utf-8"))
    assert tileset["metadata"]["properties"]["site"] == "西新宿"
