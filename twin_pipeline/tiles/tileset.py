"""tileset.json: the parts that all tilesets share, and how they are written."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twin_pipeline.model import FloatArray
from twin_pipeline.tiles.georeference import Georeference, apply
from twin_pipeline.tiles.metadata import DATASET_CLASS, SCHEMA_ID, dataset_metadata

Box = tuple[FloatArray, FloatArray]
"""(3,) lowest and (3,) highest corner, metres, in the frame of the tile."""

MARGIN_M = 0.001
"""Boxes are this much wider than their points on each side, so that rounding can't cut them."""


def box_volume(box: Box) -> dict[str, list[float]]:
    """Return the bounding volume of an axis-aligned box."""
    centre = (box[0] + box[1]) / 2
    half = (box[1] - box[0]) / 2 + MARGIN_M
    return {"box": [*centre.round(6).tolist(), *np.diag(half).round(6).ravel().tolist()]}


def corners(box: Box) -> FloatArray:
    """Return the (8, 3) corners of a box."""
    low, high = box
    return np.array(
        [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )


def moved(box: Box, matrix: FloatArray) -> Box:
    """Return the axis-aligned box around a box in another frame, by a (4, 4) matrix."""
    there = apply(matrix, corners(box))
    return there.min(axis=0), there.max(axis=0)


def union(boxes: Sequence[Box]) -> Box:
    """Return the box around some boxes."""
    lower = np.min([low for low, _ in boxes], axis=0)
    return lower, np.max([high for _, high in boxes], axis=0)


def transform(matrix: FloatArray) -> list[float]:
    """Return a (4, 4) matrix column by column, as 3D Tiles wants it."""
    columns: list[float] = matrix.T.ravel().tolist()
    return columns


def beyond(box: Box) -> float:
    """Return the geometric error of a whole tileset: it vanishes once it is a dot of 1.6 pixels.

    At the usual screen-space error of 16 pixels, ten times the diagonal.
    """
    return round(10 * float(np.linalg.norm(box[1] - box[0])) + 1.0, 3)


def document(
    root: Mapping[str, Any],
    geometric_error: float,
    *,
    schema_classes: Mapping[str, Any],
    site: str | None = None,
    georeference: Georeference | None = None,
    version: str = "1.1",
) -> dict[str, Any]:
    """Return a tileset with its asset, its schema, and where its heights come from.

    Version 1.0 knows no schema and no metadata; where the heights come from stands in the extras.
    """
    classes = dict(schema_classes)
    made: dict[str, Any] = {
        "asset": {"version": str(version), "extras": {"generator": "twin-pipeline"}},
        "geometricError": geometric_error,
        "root": root,
    }
    if site is not None and georeference is not None:
        described = georeference.describe()
        if version == "1.1":
            classes["dataset"] = DATASET_CLASS
            made["metadata"] = dataset_metadata(site, described, georeference.vertical_name)
        made["asset"]["extras"]["georeference"] = described
    if classes:
        made["schema"] = {"id": SCHEMA_ID, "classes": classes}
    return made


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write compact JSON; not-a-number is refused."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    path.write_text(text, encoding="utf-8")
