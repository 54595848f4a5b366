"""XML of CityGML 2.0, GML 3.1.1 and i-UR: names, text, geometry.

Coordinates are given easting, northing, elevation and written northing (X), easting (Y),
elevation (H), as the plane rectangular systems declare their axes.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from lxml import etree

from twin_pipeline.export.citygml.solids import Shell
from twin_pipeline.export.rows import clean_text
from twin_pipeline.model import FloatArray

Element = etree._Element  # noqa: SLF001 - lxml exports no other name for the type

GML = "http://www.opengis.net/gml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACES = {
    "core": "http://www.opengis.net/citygml/2.0",
    "gml": GML,
    "frn": "http://www.opengis.net/citygml/cityfurniture/2.0",
    "gen": "http://www.opengis.net/citygml/generics/2.0",
    "xlink": "http://www.w3.org/1999/xlink",
    "xsi": XSI,
}
_URO = "https://www.geospatial.jp/iur/uro/"


def uro_namespace(version: str) -> str:
    """Return the namespace of i-UR's urban object module."""
    return _URO + version


def qualified(name: str, uro_version: str = "3.2") -> str:
    """Return `prefix:name` in lxml's notation."""
    prefix, local = name.split(":")
    space = uro_namespace(uro_version) if prefix == "uro" else NAMESPACES[prefix]
    return f"{{{space}}}{local}"


class Builder:
    """Makes elements in the namespaces of one i-UR version."""

    def __init__(self, uro_version: str) -> None:
        self.uro_version = uro_version

    def element(self, name: str, /, *children: Element, **attributes: str) -> Element:
        """Return an element with children; an attribute gml_id becomes gml:id."""
        made = etree.Element(qualified(name, self.uro_version), nsmap=self.namespaces())
        for key, value in attributes.items():
            made.set(qualified("gml:id") if key == "gml_id" else key, clean_text(value))
        made.extend(children)
        return made

    def namespaces(self) -> dict[str, str]:
        """Return the namespaces by prefix."""
        return {**NAMESPACES, "uro": uro_namespace(self.uro_version)}

    def text(self, name: str, value: object, /, **attributes: str) -> Element:
        """Return an element with text."""
        made = self.element(name, **attributes)
        made.text = clean_text(value)
        return made

    def code(self, name: str, code_list: str, code: str) -> Element:
        """Return a code out of a code list."""
        return self.text(name, code, codeSpace=f"../../codelists/{code_list}.xml")

    def length(self, name: str, value: float, uom: str = "m", digits: int = 3) -> Element:
        """Return a length with its unit."""
        return self.text(name, f"{value:z.{digits}f}", uom=uom)

    def curve(self, line: FloatArray) -> Element:
        """Return a gml:LineString of (K, 3)."""
        return self.element("gml:LineString", self.text("gml:posList", positions(line)))

    def multi_curve(self, line: FloatArray) -> Element:
        """Return a gml:MultiCurve of one line (K, 3)."""
        member = self.element("gml:curveMember", self.curve(line))
        return self.element("gml:MultiCurve", member)

    def composite_curve(self, line: FloatArray) -> Element:
        """Return a gml:CompositeCurve of one line (K, 3)."""
        member = self.element("gml:curveMember", self.curve(line))
        return self.element("gml:CompositeCurve", member)

    def point(self, place: FloatArray) -> Element:
        """Return a gml:Point of (3,)."""
        return self.element("gml:Point", self.text("gml:pos", positions(place[None])))

    def solid(self, shell: Shell) -> Element:
        """Return a gml:Solid."""
        surface = self.element("gml:CompositeSurface", *self._members(shell))
        return self.element("gml:Solid", self.element("gml:exterior", surface))

    def multi_surface(self, shell: Shell) -> Element:
        """Return a gml:MultiSurface."""
        return self.element("gml:MultiSurface", *self._members(shell))

    def _members(self, shell: Shell) -> Iterable[Element]:
        written = [position(corner) for corner in shell.corners]
        for face in shell.faces:
            rings = [
                self.element(
                    "gml:exterior" if number == 0 else "gml:interior", self._ring(ring, written)
                )
                for number, ring in enumerate(face)
            ]
            yield self.element("gml:surfaceMember", self.element("gml:Polygon", *rings))

    def _ring(self, ring: Sequence[int], written: Sequence[str]) -> Element:
        closed = " ".join(written[corner] for corner in (*ring, ring[0]))
        return self.element("gml:LinearRing", self.text("gml:posList", closed))


def position(corner: FloatArray) -> str:
    """Return X, Y, H to a tenth of a millimetre."""
    easting, northing, elevation = corner
    return f"{northing:z.4f} {easting:z.4f} {elevation:z.4f}"


def positions(line: FloatArray) -> str:
    """Return the positions of (K, 3)."""
    return " ".join(position(corner) for corner in np.asarray(line, dtype=np.float64))
