import io
import json
from pathlib import Path

import numpy as np
import pytest
from factories import make_survey

from twin_pipeline.codec import pack, unpack
from twin_pipeline.crs import CrsOptions, CrsRecord, resolve
from twin_pipeline.errors import InputError
from twin_pipeline.export.attributes import SiteResult

NAME = Path("result.npz")


def again(value):
    return unpack(pack(value), NAME)


def test_plain_values_come_back_exactly():
    value = {"a": 0.1 + 0.2, "b": (1, None, True, "日本"), "c": float("nan"), 3: Path("x/y")}
    found = again(value)
    assert found.pop("c") != found
    assert found == {"a": 0.1 + 0.2, "b": (1, None, True, "日本"), 3: Path("x/y")}


def test_arrays_come_back_with_their_type():
    array = np.arange(6, dtype=np.uint16).reshape(2, 3)
    found = again(array)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    zeros = again(np.broadcast_to(np.uint16(0), (10**9,)))
    assert zeros.shape == (10**9,)
    assert len(pack(np.broadcast_to(np.uint16(0), (10**9,)))) < 1000


def test_results_come_back_and_pack_to_the_same_bytes():
    options = CrsOptions(crs="EPSG:6677", vertical="jgd2011", axis_order="en")
    place = resolve(CrsRecord(), options, (-12800, -34400, 30), (-12790, -34390, 32), "scan")
    result = SiteResult(make_survey(), place, {"scan": "x.laz"})
    found = again(result)
    assert pack(found) == pack(result)
    assert found.survey.pipes[0].role is result.survey.pipes[0].role
    xyz = np.array([[-12800.0, -34400.0, 30.0]])
    assert np.array_equal(found.georeference.to_ecef(xyz), place.to_ecef(xyz))


@pytest.mark.parametrize("value", [object(), print, np.array([object()]), {1, 2}])
def test_what_is_not_ours_is_not_kept(value):
    with pytest.raises(TypeError):
        pack(value)


@pytest.mark.parametrize(
    "value",
    [
        {"$": "data", "type": "subprocess:Popen", "fields": {"args": ["true"]}},
        {"$": "data", "type": "twin_pipeline.codec:pack", "fields": {"value": 1}},
        {"$": "data", "type": "twin_pipeline.batch:os.system", "fields": {"command": "true"}},
        {"$": "enum", "type": "builtins:eval", "value": "1"},
        {"$": "made", "type": "twin_pipeline.crs.frames:Plane", "call": "lonlat", "from": [1]},
        {"$": "array", "number": 7},
    ],
)
def test_files_can_not_make_anything_run(value):
    made = {"format": 1, "value": value}
    buffer = io.BytesIO()
    np.savez(buffer, values=np.frombuffer(json.dumps(made).encode(), np.uint8))
    with pytest.raises(InputError, match=r"result\.npz"):
        unpack(buffer.getvalue(), NAME)


@pytest.mark.parametrize("data", [b"", b"PK\3\4", pack({"a": 1})[:-30]])
def test_damaged_files_are_one_error(data):
    with pytest.raises(InputError):
        unpack(data, NAME)
