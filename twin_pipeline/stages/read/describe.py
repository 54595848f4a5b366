"""A scan's description for people."""

from collections.abc import Iterator, Sequence

from twin_pipeline.stages.read.info import Box, ScanInfo

_LABEL_WIDTH = 12


def describe_scan(info: ScanInfo, place: Sequence[str] = ()) -> str:
    """Return aligned lines, label first, of what a scan file is.

    Parameters
    ----------
    place
        What there is to say of where it lies, a line each.
    """
    lines = (f"{label:<{_LABEL_WIDTH}} {text}".rstrip() for label, text in _lines(info, place))
    return "\n".join(lines)


def _lines(info: ScanInfo, place: Sequence[str]) -> Iterator[tuple[str, str]]:
    kind = "LAZ" if info.compressed else "LAS"
    yield "file", str(info.path)
    yield "format", f"{kind} {info.version}, point format {info.point_format}"
    held_back = f", of which {info.withheld_count:,} are withheld" if info.withheld_count else ""
    yield "points", f"{info.point_count:,}{held_back}"
    yield from _box_lines(info.box)
    if info.density_per_m2 is not None:
        cell = f"mean of occupied {info.density_cell_m:g} m cells"
        yield "density", f"{_rounded(info.density_per_m2)} points/m2 ({cell})"
    yield "CRS", _crs(info)
    yield from zip(("place", *[""] * len(place)), place, strict=False)
    yield "dimensions", ", ".join(info.dimensions)
    yield "resolution", " ".join(f"{value:g}" for value in info.scale) + " m"
    yield "written", _written(info)
    if info.sha256 is not None:
        yield "sha256", info.sha256
    yield from _defect_lines(info)


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _box_lines(box: Box | None) -> Iterator[tuple[str, str]]:
    if box is None:
        return
    yield "extent", " x ".join(f"{length:,.2f}" for length in box.size_m) + " m"
    for label, corner in (("lower", box.lower), ("upper", box.upper)):
        yield label, " ".join(f"{value:.3f}" for value in corner)


def _crs(info: ScanInfo) -> str:
    record = info.crs.to_dict()
    if record["name"] is None:
        return f"unusable: {record['problem']}" if record["problem"] else "none recorded"
    code = f" (EPSG:{record['epsg']})" if record["epsg"] else ""
    problem = f", but {record['problem']}" if record["problem"] else ""
    return f"{record['name']}{code}, from {record['source']}{problem}"


def _written(info: ScanInfo) -> str:
    parts = (info.creation_date and info.creation_date.isoformat(), info.software, info.system)
    return ", ".join(part for part in parts if part) or "unknown"


def _defect_lines(info: ScanInfo) -> Iterator[tuple[str, str]]:
    defects = [*info.defects, *([info.unreadable] if info.unreadable else [])]
    yield "defects", defects[0] if defects else "none"
    for defect in defects[1:]:
        yield "", defect
