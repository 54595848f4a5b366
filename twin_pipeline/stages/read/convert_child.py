# ruff: noqa: ANN401 - the decoders have no types
"""Rewrites a scan of another format as LAS, in a process of its own with limits.

Run as a script by `convert`, with one JSON argument. Prints a line of JSON with notes for people on
stdout; ends with 3 and a line on stderr if the file can't be read.
"""

import contextlib
import importlib
import io
import json
import mmap
import os
import resource
import sys
from collections.abc import Iterator
from typing import Any

_SCALES_M = (0.0001, 0.001, 0.01)
_MOST_COUNTS = 2_000_000_000
_FULL = 65535
_DATE_AT = 90
_CHUNK_POINTS = 1_000_000
# Steps of coordinates: beyond the first no pipe can be measured, below the second nothing shows.
_COARSEST_M, _FINE_M = 0.01, 0.0005
_MOST_POINTS_PER_BYTE = 8
"""Of E57, whose coordinates are packed into as few bits as they need."""


def main() -> None:
    """Do what the argument says."""
    task = json.loads(sys.argv[1])
    for name, limit in (("RLIMIT_DATA", task["memory_bytes"]), ("RLIMIT_CORE", 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))
    sys.path[:0] = task["packages"]
    try:
        notes = _ACTIONS[task["kind"]](task)
    except BaseException as error:  # noqa: BLE001 - decoders in C++ and Rust raise anything
        reason = " ".join(str(error).partition("****")[0].split()) or type(error).__name__
        sys.stderr.write("\n" + reason[:300])
        sys.stderr.flush()
        os._exit(3)
    sys.stdout.write(json.dumps({"notes": notes}) + "\n")


def _e57(task: dict[str, Any]) -> list[str]:
    pye57 = importlib.import_module("pye57")
    file = pye57.E57(task["path"])
    parts = [_e57_scan(file, number) for number in range(file.scan_count)]
    notes = [note for part in parts for note in _in_steps(_as_singles(part["xyz"]))]
    notes += _write(task, parts, _e57_crs(file))
    if file.scan_count > 1:
        notes.append(f"holds {file.scan_count} scans, joined by the poses that it states")
    return notes


def _e57_scan(file: Any, number: int) -> dict[str, Any]:
    import numpy as np

    header = file.get_header(number)
    _require_records(file, header)
    data = file.read_scan(
        number, intensity=True, colors=True, row_column=False, ignore_missing_fields=True
    )
    part = {"xyz": np.column_stack([data[f"cartesian{axis}"] for axis in "XYZ"])}
    if "intensity" in data:
        limits = _limits(header, "intensityLimits", "intensityMinimum", "intensityMaximum")
        part["intensity"] = _sixteen_bits(data["intensity"], limits)
    if "colorRed" in data:
        limits = _limits(header, "colorLimits", "colorRedMinimum", "colorRedMaximum")
        names = ("colorRed", "colorGreen", "colorBlue")
        colours = [_sixteen_bits(data[name], limits or (0.0, 255.0)) for name in names]
        part["rgb"] = np.column_stack(colours)
    return part


def _require_records(file: Any, header: Any) -> None:
    """Count what can be read: beyond that pye57 would give what happens to lie in the memory."""
    libe57 = importlib.import_module("pye57.libe57")
    claimed = header.point_count
    if claimed < 0 or claimed > _MOST_POINTS_PER_BYTE * os.path.getsize(file.path):  # noqa: PTH202
        raise ValueError(f"it claims {claimed} points, for which it is too small")
    known = [name for name in header.point_fields if name.startswith(("cartesian", "spherical"))]
    buffers = libe57.VectorSourceDestBuffer()
    held = [file.make_buffer(name, _CHUNK_POINTS) for name in known]
    for _, buffer in held:
        buffers.append(buffer)
    reader, read = header.points.reader(buffers), 0
    while count := reader.read():
        read += count
    reader.close()
    if read != claimed:
        raise ValueError(f"it holds {read} of the {claimed} points that it claims")


def _limits(header: Any, name: str, low: str, high: str) -> tuple[float, float] | None:
    with contextlib.suppress(Exception):
        node = header.node[name]
        return float(node[low].value()), float(node[high].value())
    return None


def _e57_crs(file: Any) -> str | None:
    with contextlib.suppress(Exception):
        text = str(file.root["coordinateMetadata"].value())
        return text if "[" in text else None
    return None


def _ply(task: dict[str, Any]) -> list[str]:
    import numpy as np

    plyfile = importlib.import_module("plyfile")
    start = _end_of_header(task["path"])
    with _PlainHeader(task["path"], start) as file:
        made = plyfile.PlyData.read(file)
    vertex = made["vertex"].data
    notes = list(_beyond(task["path"], made, start))
    names = {name.lower(): name for name in vertex.dtype.names}
    for axis in "xyz":
        if axis not in names:
            raise ValueError(f"its vertices have no {axis}")
    columns = [vertex[names[axis]] for axis in "xyz"]
    notes += _in_steps([column for column in columns if column.dtype == np.float32])
    part = {"xyz": np.column_stack([column.astype(np.float64) for column in columns])}
    for colours in (("red", "green", "blue"), ("r", "g", "b")):
        if all(colour in names for colour in colours):
            columns = [vertex[names[colour]] for colour in colours]
            part["rgb"] = np.column_stack([_sixteen_bits(c, _range_of(c)) for c in columns])
            break
    for name in ("intensity", "scalar_intensity", "reflectance"):
        if name in names:
            part["intensity"] = _sixteen_bits(vertex[names[name]], _range_of(vertex[names[name]]))
            break
    return [*notes, *_write(task, [part], None)]


def _as_singles(xyz: Any) -> list[Any]:
    """Return coordinates that single precision holds exactly, as those of a survey never are."""
    import numpy as np

    singles = xyz.astype(np.float32)
    return [singles] if len(xyz) > 1000 and np.array_equal(singles, xyz) else []


def _in_steps(singles: list[Any]) -> Iterator[str]:
    """Say in which steps single precision holds coordinates, where those blur a pipe."""
    import numpy as np

    sizes = [np.abs(column[np.isfinite(column)]).max(initial=0) for column in singles]
    largest = max(sizes, default=0)
    step_m = float(np.spacing(np.float32(largest)))
    told = (
        f"its coordinates, up to {largest:,.0f}, are in single precision, which holds them in "
        f"steps of {1000 * step_m:.1f} mm: export it in double precision, or around an origin of "
        "its own"
    )
    if step_m > _COARSEST_M:
        raise ValueError(told)
    if step_m > _FINE_M:
        yield told


def _end_of_header(path: str) -> int:
    """Return where the data of PLY begin; its lines end as the first one does."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:  # noqa: PTH123 - pathlib is not needed otherwise
        newline = b"\r\n" if data[3:5] == b"\r\n" else data[3:4]
        last = newline + b"end_header" + newline
        at = data.find(last)
    if at < 0:
        raise ValueError("its header has no end")
    return at + len(last)


class _PlainHeader(io.BufferedReader):
    """A file of PLY in whose header all is ASCII: comments may be in any language."""

    def __init__(self, path: str, end: int) -> None:
        super().__init__(io.FileIO(path))
        self._end = end

    def read(self, size: int | None = -1, /) -> bytes:
        inside = self.tell() < self._end
        got = super().read(size)
        return got.decode("ascii", "replace").encode("ascii", "replace") if inside else got


def _beyond(path: str, made: Any, start: int) -> Iterator[str]:
    """Say where more follows than the header of PLY names."""
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not needed otherwise
        file.seek(start)
        if made.text:
            left = sum(bool(line.strip()) for line in file) - sum(part.count for part in made)
            unit = "lines"
        elif any(hasattr(property_, "len_dtype") for part in made for property_ in part.properties):
            return  # lists, whose lengths stand between the data
        else:
            left = os.path.getsize(path) - file.tell() - sum(part.data.nbytes for part in made)  # noqa: PTH202
            unit = "bytes"
    if left > 0:
        yield (
            f"{left:,} {unit} follow the {made['vertex'].count:,} points and what else its header "
            "names; they are not read"
        )


def _range_of(column: Any) -> tuple[float, float] | None:
    """Return what a column's type spans; None for real numbers, whose values tell."""
    import numpy as np

    if column.dtype.kind in "iu":
        return 0.0, float(np.iinfo(column.dtype).max)
    return None


def _sixteen_bits(values: Any, limits: tuple[float, float] | None) -> Any:
    import numpy as np

    reals = np.nan_to_num(np.asarray(values, dtype=np.float64))
    low, high = limits or (0.0, 0.0)
    if not high > low:
        low, most = 0.0, float(reals.max(initial=0.0))
        high = next((bound for bound in (1.0, 255.0, _FULL) if most <= bound), most)
    scaled = (reals - low) / (high - low) * _FULL
    return np.clip(np.rint(scaled), 0, _FULL).astype(np.uint16)


def _write(task: dict[str, Any], parts: list[dict[str, Any]], wkt: str | None) -> list[str]:
    import laspy
    import numpy as np

    notes = list(_keep_finite(parts))
    xyz = [part["xyz"] for part in parts if len(part["xyz"])]
    if not xyz:
        raise ValueError("it holds no points")
    lower = np.min([part.min(axis=0) for part in xyz], axis=0)
    upper = np.max([part.max(axis=0) for part in xyz], axis=0)
    header = laspy.LasHeader(version="1.4", point_format=7 if _coloured(parts) else 6)
    header.offsets = np.floor((lower + upper) / 2.0)
    header.scales = np.full(3, _scale(float((upper - lower).max())))
    header.system_identifier = task["kind"].upper()
    if wkt:
        header.vlrs.append(laspy.VLR("LASF_Projection", 2112, "WKT", wkt.encode() + b"\0"))
        header.global_encoding.wkt = True
    with laspy.open(task["out"], mode="w", header=header) as writer:
        for part in parts:
            writer.write_points(_record(part, header))
    with open(task["out"], "r+b") as file:  # noqa: PTH123 - pathlib is not needed otherwise
        file.seek(_DATE_AT)
        file.write(bytes(4))  # when the survey was made is not known; laspy writes today
    return notes


def _keep_finite(parts: list[dict[str, Any]]) -> Iterator[str]:
    import numpy as np

    left_out = 0
    for part in parts:
        finite = np.isfinite(part["xyz"]).all(axis=1)
        left_out += int(np.count_nonzero(~finite))
        if not finite.all():
            part.update({name: values[finite] for name, values in part.items()})
    if left_out:
        yield f"{left_out:,} points whose coordinates are not numbers were left out"


def _scale(extent_m: float) -> float:
    for scale in _SCALES_M:
        if extent_m / 2.0 / scale < _MOST_COUNTS:
            return scale
    raise ValueError(f"its points are spread over {extent_m:.3g} m, which no site is")


def _coloured(parts: list[dict[str, Any]]) -> bool:
    return any("rgb" in part for part in parts)


def _record(part: dict[str, Any], header: Any) -> Any:
    import laspy

    record = laspy.ScaleAwarePointRecord.zeros(len(part["xyz"]), header=header)
    record.x, record.y, record.z = part["xyz"].T
    record.return_number[:] = 1
    record.number_of_returns[:] = 1
    if "intensity" in part:
        record.intensity = part["intensity"]
    if "rgb" in part:
        record.red, record.green, record.blue = part["rgb"].T
    return record


def _pdal(task: dict[str, Any]) -> list[str]:
    pdal = importlib.import_module("pdal")
    writer = {
        "type": "writers.las", "filename": task["out"], "minor_version": 4, "extra_dims": "all",
        "scale_x": 0.0001, "scale_y": 0.0001, "scale_z": 0.0001,
        "offset_x": "auto", "offset_y": "auto", "offset_z": "auto", "forward": "all",
    }  # fmt: skip
    stages = [*_reading(task["stages"], task["path"]), writer]
    count = pdal.Pipeline(json.dumps({"pipeline": stages})).execute()
    return [f"read by PDAL {pdal.__version__}: {count:,} points"]


def _reading(stages: list[Any], path: str) -> list[Any]:
    """Return stages that begin with reading the file; a reader among them is given its name."""
    first = stages[0] if stages else None
    if isinstance(first, dict) and str(first.get("type", "")).startswith("readers."):
        return [{**first, "filename": path}, *stages[1:]]
    return [path, *stages]


_ACTIONS = {"e57": _e57, "ply": _ply, "pdal": _pdal}

if __name__ == "__main__":
    main()
