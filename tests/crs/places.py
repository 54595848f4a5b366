"""A site in Tokyo, and ways to resolve it."""

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from twin_pipeline.crs import CrsOptions, CrsRecord, Georeference, resolve
from twin_pipeline.errors import GeoreferenceError

# Tokyo Metropolitan Government building, zone IX.
SHINJUKU = np.array([-12818.761, -34428.095, 40.0])
LOWLANDS = np.array([-1000.0, -33000.0, 1.0])
ROOM = np.array([15.0, 15.0, 1.5])
NO_RECORD = CrsRecord()


def lifted(at: Any, height_m: float) -> Any:
    return np.asarray(at) + np.array([0.0, 0.0, height_m])


def place(
    record: CrsRecord = NO_RECORD,
    at: Any = SHINJUKU,
    written: Any = None,
    sources: Any = MappingProxyType({}),
    **options: Any,
) -> Georeference:
    centre = np.asarray(at, dtype=float)
    """Resolve a room around a place, easting first unless `axis_order` says None or ne."""
    given = CrsOptions(**({"axis_order": "en"} | options))
    return resolve(record, given, centre - ROOM, centre + ROOM, "site.laz", sources, written)


def refused(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(GeoreferenceError) as caught:
        place(*args, **kwargs)
    message = str(caught.value)
    assert message.startswith("site.laz: ")
    assert "\n" not in message
    return message
