"""reearth.json: the layers as Re:Earth and PLATEAU VIEW take them, to be pasted or loaded."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twin_pipeline.export.attributes import SiteResult
from twin_pipeline.export.files import write_text
from twin_pipeline.export.rows import clean_text
from twin_pipeline.export.tile_styles import by_size, style_of


def write_reearth(results: Sequence[SiteResult], path: Path, base_url: str = "") -> Path:
    """Write a list of layers, each as `reearth.layers.add` takes it."""
    layers = [layer for result in results for layer in _layers(result, base_url)]
    text = json.dumps(layers, ensure_ascii=False, allow_nan=False, indent=2)
    return write_text(path, text + "\n")


def _layers(result: SiteResult, base_url: str) -> list[dict[str, Any]]:
    site = clean_text(result.survey.site)
    points = {"show": True, "pointSize": 2}
    layers = [_layer(f"{site} 点群 / points", f"{base_url}{_url('points', result)}", points)]
    if result.survey.pipes:
        pipes = {
            "show": True,
            "color": {"expression": style_of(by_size(result.survey.pipes))["color"]},
            "colorBlendMode": "replace",
        }
        layers.insert(
            0, _layer(f"{site} 管路 / pipes", f"{base_url}{_url('pipes', result)}", pipes)
        )
    return layers


def _layer(title: str, url: str, appearance: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "simple",
        "title": title,
        "visible": True,
        "data": {"type": "3dtiles", "url": url},
        "3dtiles": appearance,
    }


def _url(layer: str, result: SiteResult) -> str:
    return f"tiles/{layer}/{quote(result.survey.site)}/tileset.json"
