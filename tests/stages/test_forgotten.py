"""Headers that know of fewer points than their LAZ file holds, where no chunk tells its points."""

import struct

import laspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_pipeline.errors import InputError
from twin_pipeline.stages.read import inspect_scan, read_cloud

_LEGACY_COUNT_AT = 107
CHUNK = 50_000


def write(path, xyz, point_format=3):
    header = laspy.LasHeader(point_format=point_format, version="1.2")
    header.scales = [0.001] * 3
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.write(path)
    return path


def forgetting(path, count, tmp_path):
    raw = bytearray(path.read_bytes())
    (held,) = struct.unpack_from("<I", raw, _LEGACY_COUNT_AT)
    struct.pack_into("<I", raw, _LEGACY_COUNT_AT, held - count)
    odd = tmp_path / "odd.laz"
    odd.write_bytes(raw)
    return odd


@pytest.mark.parametrize("point_format", [0, 1, 2, 3])
@pytest.mark.parametrize(("held", "forgotten"), [(600, 1), (600, 17), (CHUNK + 90, 3), (CHUNK, 1)])
def test_last_points_that_the_header_forgets_are_not_lost_unsaid(
    tmp_path, held, forgotten, point_format
):
    xyz = np.random.default_rng(held).uniform(0, 5, (held, 3))
    sound = write(tmp_path / "sound.laz", xyz, point_format)
    assert len(read_cloud(sound).xyz) == held
    odd = forgetting(sound, forgotten, tmp_path)
    with pytest.raises(InputError, match=f"more points than the {held - forgotten} that"):
        read_cloud(odd)
    with pytest.raises(InputError, match="more points than"):
        read_cloud(odd, salvage=True)
    assert "more points than" in inspect_scan(odd).unreadable


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 3000),
    spread=st.sampled_from([0.0, 0.002, 1.0, 1e5]),
    seed=st.integers(0, 2**32 - 1),
)
def test_sound_files_are_never_suspected(tmp_path_factory, count, spread, seed):
    xyz = np.random.default_rng(seed).normal(0.0, spread, (count, 3))
    path = write(tmp_path_factory.mktemp("sound") / "sound.laz", xyz)
    assert len(read_cloud(path).xyz) == count
