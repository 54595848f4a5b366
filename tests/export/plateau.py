"""Reads PLATEAU files on its own: XSD, solids by their written coordinates."""

from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

DATA = Path(__file__).parents[3] / "shared" / "data"
NS = {
    "core": "http://www.opengis.net/citygml/2.0",
    "gml": "http://www.opengis.net/gml",
    "frn": "http://www.opengis.net/citygml/cityfurniture/2.0",
    "gen": "http://www.opengis.net/citygml/generics/2.0",
    "uro": "https://www.geospatial.jp/iur/uro/3.2",
}

needs_schemas = pytest.mark.skipif(
    not (DATA / "xsd_offline").is_dir(),
    reason=f"the schemas of CityGML and i-UR are not at {DATA}; they may not be shipped",
)


class _Offline(etree.Resolver):
    """Finds the schemas of OGC and W3C on disk, and i-UR's beside them."""

    def resolve(self, url, pubid, context):  # noqa: ARG002 - called by lxml
        places = {"http://schemas.opengis.net/": "ogc", "http://www.w3.org/": "w3c"}
        for start, folder in places.items():
            if url.startswith(start):
                path = DATA / "xsd_offline" / folder / url.removeprefix(start)
                return self.resolve_filename(str(path), context)
        if url.endswith("/xAL.xsd"):
            path = DATA / "xsd_offline" / "ogc" / "citygml" / "xAL" / "xAL.xsd"
            return self.resolve_filename(str(path), context)
        return None


@cache
def schema(version):
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Offline())
    uro = DATA / "plateau" / "schemas" / "iur" / "uro" / version / "urbanObject.xsd"
    imports = {
        f"https://www.geospatial.jp/iur/uro/{version}": uro.as_uri(),
        NS["gen"]: "http://schemas.opengis.net/citygml/generics/2.0/generics.xsd",
    }
    lines = "".join(
        f'<xs:import namespace="{n}" schemaLocation="{s}"/>' for n, s in imports.items()
    )
    text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{lines}</xs:schema>'
    return etree.XMLSchema(etree.ElementTree(etree.fromstring(text, parser)))


def problems(path, version="3.2"):
    validator = schema(version)
    validator.validate(etree.parse(path))
    return [f"{error.line}: {error.message}" for error in validator.error_log]


def found(node, path):
    return node.xpath(path, namespaces=NS)


def coordinates(text):
    """Return (K, 3) as easting, northing, height of what is written north first."""
    return np.array(text.split(), dtype=np.float64).reshape(-1, 3)[:, [1, 0, 2]]


def rings(surface):
    """Return the rings of every polygon below an element, outer first."""
    return [
        [coordinates(text) for text in found(polygon, ".//gml:posList/text()")]
        for polygon in found(surface, ".//gml:Polygon")
    ]


def corners(surface):
    """Return all corners below an element, (K, 3)."""
    return np.concatenate([ring for polygon in rings(surface) for ring in polygon])


def open_edges(polygons):
    """Return the edges that do not join exactly two faces in opposite directions."""
    edges = Counter(
        (tuple(a), tuple(b))
        for polygon in polygons
        for ring in polygon
        for a, b in pairwise(ring.tolist())
    )
    return [edge for edge, count in edges.items() if count != 1 or edges[edge[::-1]] != 1]


def volume(polygons):
    """Return the volume within faces whose outer side is seen counter-clockwise."""
    base = polygons[0][0][0]
    total = 0.0
    for polygon in polygons:
        for ring in polygon:
            first, *others = ring - base
            for a, b in pairwise(others):
                total += float(first @ np.cross(a, b)) / 6
    return total


def unevenness(polygons):
    """Return how far corners lie off the plane of their face, at most."""
    worst = 0.0
    for outer, *_ in polygons:
        centred = outer[:-1] - outer[:-1].mean(axis=0)
        if len(centred) > 3:
            _, _, axes = np.linalg.svd(centred)
            worst = max(worst, float(np.abs(centred @ axes[2]).max()))
    return worst
