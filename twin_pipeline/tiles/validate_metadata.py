"""Checks a tileset's schema and what is said in its words."""

from collections.abc import Iterator, Mapping
from typing import Any

KINDS = frozenset(
    {"SCALAR", "VEC2", "VEC3", "VEC4", "MAT2", "MAT3", "MAT4", "STRING", "BOOLEAN", "ENUM"}
)
NUMBERS = frozenset({"SCALAR", "VEC2", "VEC3", "VEC4", "MAT2", "MAT3", "MAT4"})
COMPONENTS = frozenset(
    [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)] + ["FLOAT32", "FLOAT64"]
)
SAME = ("type", "componentType", "noData")
"""What a property of a content must have in common with that of the tileset."""

Classes = Mapping[str, Mapping[str, Any]]


def metadata_problems(tileset: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a tileset's schema, metadata, groups and statistics."""
    classes: Classes = tileset.get("schema", {}).get("classes", {})
    for name, described in classes.items():
        for member, stated in described.get("properties", {}).items():
            yield from _property_problems(f"{name}.{member}", stated)
    if "metadata" in tileset:
        yield from _entity_problems("metadata", tileset["metadata"], classes)
    for number, group in enumerate(tileset.get("groups", [])):
        yield from _entity_problems(f"group {number}", group, classes)
    for name, told in tileset.get("statistics", {}).get("classes", {}).items():
        known = classes.get(name, {}).get("properties", {})
        for member in told.get("properties", {}):
            if member not in known:
                yield f"statistics tell of {name}.{member}, which the schema lacks"
    yield from _group_problems(tileset["root"], len(tileset.get("groups", [])))


def schema_problems(own: Classes, classes: Classes) -> Iterator[str]:
    """Yield how the classes of a content's schema differ from the tileset's."""
    for name in own.keys() & classes.keys():
        known = classes[name].get("properties", {})
        for member, stated in own[name].get("properties", {}).items():
            if member not in known:
                yield f"the tileset's schema lacks {name}.{member}"
            elif any(stated.get(key) != known[member].get(key) for key in SAME):
                yield f"{name}.{member} is described otherwise than in the tileset's schema"


def _property_problems(name: str, stated: Mapping[str, Any]) -> Iterator[str]:
    kind, component = stated.get("type"), stated.get("componentType")
    if kind not in KINDS:
        yield f"the schema's {name} has the type {kind!r}, which is none"
    elif kind in NUMBERS and component not in COMPONENTS:
        yield f"the schema's {name} has components of the type {component!r}, which is none"


def _entity_problems(where: str, entity: Mapping[str, Any], classes: Classes) -> Iterator[str]:
    name = str(entity.get("class"))
    if name not in classes:
        yield f"{where} is of the class {name!r}, which the schema lacks"
        return
    known, given = classes[name].get("properties", {}), entity.get("properties", {})
    for member in sorted(given.keys() - known.keys()):
        yield f"{where} has {member}, which its class lacks"
    for member, stated in known.items():
        if stated.get("required") and member not in given:
            yield f"{where} lacks {member}, which its class requires"


def _group_problems(tile: Mapping[str, Any], groups: int) -> Iterator[str]:
    for content in tile.get("contents", [tile["content"]] if "content" in tile else []):
        group = content.get("group", 0)
        if "group" in content and not (isinstance(group, int) and 0 <= group < groups):
            yield f"content {content.get('uri')} is of group {group!r}, of {groups}"
    for child in tile.get("children", []):
        yield from _group_problems(child, groups)
