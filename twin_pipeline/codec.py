"""Results on disk: our own values to a file and back, without ever running what a file holds.

Only plain values, arrays, and the frozen dataclasses and enumerations of this package come back;
anything else in a file is refused. A file is a NumPy archive: `values` is JSON, in which large
arrays stand by number.
"""

import dataclasses
import importlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from twin_pipeline.errors import InputError

_TAG = "$"
_PACKAGE = "twin_pipeline."
_FORMAT = 1

_DAMAGE = (
    ValueError, LookupError, TypeError, AttributeError, OSError, ImportError, EOFError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip

Array = npt.NDArray[Any]
_Reduced = tuple[Callable[..., Any], tuple[object, ...]]


def pack(value: object) -> bytes:
    """Return bytes that `unpack` turns into an equal value; equal values give equal bytes.

    Raises
    ------
    TypeError
        When `value` holds something that is neither plain nor ours.
    """
    arrays: list[Array] = []
    made = {"format": _FORMAT, "value": _encode(value, arrays)}
    text = json.dumps(made, ensure_ascii=True, sort_keys=True)
    held: dict[str, Any] = {f"array{number}": array for number, array in enumerate(arrays)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, values=np.frombuffer(text.encode(), np.uint8), **held)
    return buffer.getvalue()


def unpack(data: bytes, name: Path) -> Any:  # noqa: ANN401 - whatever was packed
    """Return what was packed; `name` stands in errors.

    Raises
    ------
    InputError
        When the bytes were not packed by this version, or hold what may not come back.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return _decode(_of_this_format(json.loads(archive["values"].tobytes())), archive)
    except _DAMAGE as error:
        raise InputError(f"{name}: is no result of this version ({error}); run it again") from error


def _of_this_format(made: dict[str, Any]) -> object:
    if made["format"] != _FORMAT:
        raise ValueError(f"format {made['format']}")
    return made["value"]


def _encode(value: object, arrays: list[Array]) -> object:  # noqa: PLR0911 - one a kind
    match value:
        case Enum():
            return {_TAG: "enum", "type": _name(type(value)), "value": value.value}
        case None | bool() | int() | float() | str():
            return value
        case np.ndarray():
            return _encode_array(value, arrays)
        case np.generic():
            return value.item()
        case list() | tuple():
            return [_encode(item, arrays) for item in value]
        case Mapping():
            items = [[_encode(k, arrays), _encode(v, arrays)] for k, v in value.items()]
            return {_TAG: "map", "items": items}
        case Path():
            return {_TAG: "path", "value": str(value)}
        case _:
            return _encode_data(value, arrays)


def _encode_array(value: Array, arrays: list[Array]) -> object:
    if value.size > 1 and not any(value.strides):
        one = value.flat[0].item()
        return {_TAG: "same", "type": value.dtype.str, "shape": value.shape, "value": one}
    if value.dtype.hasobject:
        raise TypeError("an array of objects can't be kept")
    arrays.append(value)
    return {_TAG: "array", "number": len(arrays) - 1}


def _encode_data(value: object, arrays: list[Array]) -> object:
    kind = type(value)
    name = _name(kind)
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"a {kind.__qualname__} can't be kept")
    if "__reduce__" in vars(kind):
        maker, arguments = cast(
            tuple[Callable[..., Any], tuple[object, ...]], kind.__reduce__(value)
        )
        made = {"call": maker.__name__, "from": _encode(arguments, arrays)}
        return {_TAG: "made", "type": name, **made}
    fields = {f.name: _encode(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
    return {_TAG: "data", "type": name, "fields": fields}


def _decode(value: Any, arrays: Mapping[str, Array]) -> Any:  # noqa: ANN401, PLR0911
    match value:
        case list():
            return tuple(_decode(item, arrays) for item in value)
        case {"$": "array"}:
            return arrays[f"array{value['number']}"]
        case {"$": "same"}:
            return np.broadcast_to(np.dtype(value["type"]).type(value["value"]), value["shape"])
        case {"$": "map"}:
            return {_decode(k, arrays): _decode(v, arrays) for k, v in value["items"]}
        case {"$": "path"}:
            return Path(value["value"])
        case {"$": "enum"}:
            return _own(value["type"])(value["value"])
        case {"$": "made"}:
            return _maker(value)(*_decode(value["from"], arrays))
        case {"$": "data"}:
            fields = value["fields"].items()
            return _own(value["type"])(**{name: _decode(item, arrays) for name, item in fields})
        case _:
            return value


def _maker(made: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the class method that makes a value."""
    kind = _own(made["type"])
    known = [name for name, member in vars(kind).items() if isinstance(member, classmethod)]
    if made["call"] in known:
        found: Callable[..., Any] = getattr(kind, made["call"])
        return found
    raise ValueError(f"{made['type']}.{made['call']} may not be called")


def _name(kind: type) -> str:
    if not kind.__module__.startswith(_PACKAGE):
        raise TypeError(f"a {kind.__qualname__} can't be kept")
    return f"{kind.__module__}:{kind.__qualname__}"


def _own(name: str) -> Callable[..., Any]:
    """Return a dataclass or an enumeration of this package."""
    module, _, qualified = name.partition(":")
    kind = None
    if module.startswith(_PACKAGE) and "." not in qualified:
        kind = getattr(importlib.import_module(module), qualified)
    if isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, Enum)):
        return kind
    raise ValueError(f"{name} may not come back")
