"""STAC's schemas on this machine: those of the core come with pystac, those of the extensions
are written here after their specifications, as strict as they are, so that nothing is fetched."""

import json

import pystac
from pystac.validation.stac_validator import JsonSchemaSTACValidator

_AT = "https://stac-extensions.github.io"
PROJECTION = f"{_AT}/projection/v2.0.0/schema.json"
POINTCLOUD = f"{_AT}/pointcloud/v1.0.0/schema.json"
FILE = f"{_AT}/file/v2.1.0/schema.json"

_NUMBER = {"type": "number"}
_LENGTHS = [{"minItems": count, "maxItems": count} for count in (4, 6)]
_BOX = {"type": "array", "items": _NUMBER, "oneOf": _LENGTHS}
_COUNT = {"type": "integer", "minimum": 0}


def _only(prefix, known):
    """Fields of an extension, and no others under its prefix."""
    return {
        "type": "object",
        "properties": known,
        "patternProperties": {f"^(?!{prefix}:)": {}},
        "additionalProperties": False,
    }


def _extension(uri, fields, required=()):
    parts = {"assets": {"type": "object", "additionalProperties": fields}}
    item = {"properties": {**parts, "type": {"const": "Feature"}}}
    item["properties"]["properties"] = {"allOf": [fields, {"required": list(required)}]}
    collection = {"properties": {**parts, "type": {"const": "Collection"}}}
    declared = {"stac_extensions": {"type": "array", "contains": {"const": uri}}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": uri,
        "required": ["type", "stac_extensions"],
        "properties": declared,
        "oneOf": [item, collection],
    }


_PROJECTION = _only("proj", {
    "proj:code": {"type": ["string", "null"]},
    "proj:wkt2": {"type": ["string", "null"]},
    "proj:bbox": _BOX,
    "proj:shape": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}},
})  # fmt: skip
_POINTCLOUD = _only("pc", {
    "pc:count": _COUNT,
    "pc:type": {"enum": ["lidar", "eopc", "radar", "sonar", "other"]},
    "pc:encoding": {"type": "string", "minLength": 1},
    "pc:schemas": {"type": "array", "minItems": 1, "items": {
        "type": "object", "required": ["name", "size", "type"],
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"},
                       "type": {"enum": ["floating", "unsigned", "signed"]}}}},
    "pc:density": {"type": "number", "minimum": 0},
    "pc:statistics": {"type": "array", "minItems": 1, "items": {
        "type": "object", "minProperties": 2, "required": ["name"],
        "properties": {"name": {"type": "string"}, "minimum": _NUMBER, "maximum": _NUMBER}}},
})  # fmt: skip
_FILE = _only("file", {
    "file:checksum": {"type": "string", "pattern": "^[a-f0-9]+$"},
    "file:size": _COUNT,
})  # fmt: skip

SCHEMAS = {
    PROJECTION: _extension(PROJECTION, _PROJECTION),
    POINTCLOUD: _extension(
        POINTCLOUD, _POINTCLOUD, ("pc:count", "pc:type", "pc:encoding", "pc:schemas")
    ),
    FILE: _extension(FILE, _FILE),
}


class _Offline(JsonSchemaSTACValidator):
    def _get_schema(self, schema_uri):
        assert schema_uri in self.schema_cache, f"{schema_uri} would be fetched"
        return self.schema_cache[schema_uri]


def validate_all(path):
    """Validate a catalogue with all below it, from its files; what had to be fetched fails.

    Returns how many documents there were.
    """
    validator = _Offline()
    validator.schema_cache.update(SCHEMAS)
    documents = sorted(path.parent.rglob("*.json"))
    for document in documents:
        held = json.loads(document.read_text("utf-8"))
        kind = pystac.STACObjectType(held["type"])
        validator.validate_core(held, kind, held["stac_version"])
        for extension in held.get("stac_extensions", []):
            validator.validate_extension(held, kind, held["stac_version"], extension)
    return len(documents)
