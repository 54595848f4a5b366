"""Names, types and meanings of what the tiles carry, in the words of 3D Metadata 1.0."""

from collections.abc import Mapping, Sequence
from typing import Any

STRUCTURAL = "EXT_structural_metadata"
SCHEMA_ID = "twin_pipeline"


def _point_property(
    name: str, description: str, component: str, kind: str = "SCALAR"
) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "type": kind,
        "componentType": component,
        "required": True,
    }


POINT_PROPERTIES: dict[str, dict[str, Any]] = {
    "intensity": _point_property("intensity", "return strength as in the scan file", "UINT16"),
    "classification": _point_property("classification", "ASPRS class as in the file", "UINT8"),
    "return_number": _point_property("return number", "number of the pulse's return", "UINT8"),
    "withheld": _point_property("withheld", "1 where flagged so in the scan, else 0", "UINT8"),
    "gps_time": _point_property(
        "GPS time", "seconds after the tileset's gps_time_base_s, rounded to 32 bits", "FLOAT32"
    ),
    "gps_time_rest": _point_property(
        "rest of the GPS time",
        "both, added to gps_time, give the exact time [s]",
        "FLOAT32",
        "VEC2",
    ),
    "rgb_code": _point_property(
        "colour code", "red, green, blue as in the scan file, sRGB of 16 bits", "UINT16", "VEC3"
    ),
    "label": _point_property(
        "label",
        "result: 0 unassigned, 1 ground, 2 trench, 3 withheld, 16 + i pipe i of the site",
        "UINT16",
    ),
}

DATASET_CLASS: dict[str, Any] = {
    "description": "where the data lies and what its heights mean",
    "properties": {
        "site": {"type": "STRING", "required": True},
        "crs": {"type": "STRING", "description": "coordinate reference system of the scan"},
        "vertical": {"type": "STRING", "description": "vertical datum of the scan's elevations"},
        "geoid": {
            "type": "STRING",
            "description": "geoid by which elevations became ellipsoidal heights",
        },
    },
}

LAYER_CLASS: dict[str, Any] = {
    "description": "what a content shows, for switching layers",
    "properties": {"layer": {"type": "STRING", "required": True}},
}


def point_schema(names: Sequence[str]) -> dict[str, Any]:
    """Return the schema of point contents that carry the named attributes."""
    properties = {name: POINT_PROPERTIES[name] for name in names if name in POINT_PROPERTIES}
    return {"id": SCHEMA_ID, "classes": {"point": {"name": "point", "properties": properties}}}


def dataset_metadata(site: str, described: Mapping[str, Any], vertical: str) -> dict[str, Any]:
    """Return a tileset's metadata entity of `DATASET_CLASS`."""
    properties = {"site": site, "vertical": vertical}
    for name in ("crs", "geoid"):
        stated = described.get(name)
        value = stated.get("value") if isinstance(stated, Mapping) else stated
        if value is not None:
            properties[name] = str(value)
    return {"class": "dataset", "properties": properties}
