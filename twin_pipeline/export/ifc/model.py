"""An IFC file with what every one needs: project, units, contexts, place on the map, site."""

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import ifcopenshell
import ifcopenshell.guid
import numpy as np

from twin_pipeline import __version__
from twin_pipeline.export.rows import clean_text
from twin_pipeline.model import FloatArray

Entity = Any
"""An ifcopenshell.entity_instance; its attributes are the schema's."""

SCHEMA: Any = "IFC4X3_ADD2"
_SPACE = uuid.UUID("1d8c6a5e-7b0f-5a8e-8a43-3f5e3c1d9b77")
"""Made once, for this purpose."""


class Model:
    """Builds a file; global ids follow from names, so that they are stable."""

    def __init__(self, name: str, key: str, origin: FloatArray) -> None:
        self.file = ifcopenshell.file(schema=SCHEMA)
        self.origin = origin
        """(3,) what coordinates in the file count from, in the target system, metres."""
        self._key = key
        self.contexts = self._contexts()
        self.project = self.rooted(
            "IfcProject",
            "project",
            Name=clean_text(name),
            RepresentationContexts=[self.contexts["Model"]],
            UnitsInContext=self._units(),
        )
        header = self.file.header
        header.file_description.description = ("ViewDefinition [DesignTransferView]",)
        header.file_name.name = clean_text(name)
        header.file_name.originating_system = f"twin_pipeline {__version__}"

    def make(self, kind: str, *values: object, **named: object) -> Entity:
        """Return a new entity."""
        return self.file.create_entity(kind, *values, **named)

    def rooted(self, kind: str, *names: str, **named: object) -> Entity:
        """Return a new entity with a global id that follows from what it is and `names`."""
        key = "\x1f".join((self._key, kind, *names)).encode("utf-8", "surrogateescape")
        guid = ifcopenshell.guid.compress(uuid.uuid5(_SPACE, key.hex()).hex)
        return self.make(kind, GlobalId=guid, **named)

    def point(self, place: FloatArray) -> Entity:
        """Return an IfcCartesianPoint of (3,) coordinates in the target system."""
        return self.make("IfcCartesianPoint", [round(float(c), 6) for c in place - self.origin])

    def polyline(self, line: FloatArray) -> Entity:
        """Return an IfcIndexedPolyCurve of (K, 3)."""
        rows = np.round(line - self.origin, 6).tolist()
        points = self.make("IfcCartesianPointList3D", CoordList=rows)
        return self.make("IfcIndexedPolyCurve", Points=points, SelfIntersect=False)

    def placement(self, parent: Entity | None, at: FloatArray | None = None) -> Entity:
        """Return an IfcLocalPlacement at a place of the target system, or at the origin."""
        where = self.make("IfcCartesianPoint", [0.0, 0.0, 0.0]) if at is None else self.point(at)
        axes = self.make("IfcAxis2Placement3D", Location=where)
        return self.make("IfcLocalPlacement", PlacementRelTo=parent, RelativePlacement=axes)

    def shape(self, context: str, kind: str, *items: Entity) -> Entity:
        """Return an IfcShapeRepresentation in one of the contexts Axis and Body."""
        return self.make(
            "IfcShapeRepresentation",
            ContextOfItems=self.contexts[context],
            RepresentationIdentifier=context,
            RepresentationType=kind,
            Items=list(items),
        )

    def put_on_map(self, names: Mapping[str, str | None]) -> None:
        """State the map projection, and where in it the file's origin lies."""
        target = self.make(
            "IfcProjectedCRS", **{k: v for k, v in names.items() if v}, MapUnit=self._metre()
        )
        easting, northing, height = self.origin.tolist()
        self.make(
            "IfcMapConversion",
            SourceCRS=self.contexts["Model"],
            TargetCRS=target,
            Eastings=easting,
            Northings=northing,
            OrthogonalHeight=height,
            XAxisAbscissa=1.0,
            XAxisOrdinate=0.0,
            Scale=1.0,
        )

    def site(self, name: str, lonlat: Sequence[float] | None, ground_m: float | None) -> Entity:
        """Return the IfcSite, the one part of the project."""
        angles = {}
        if lonlat is not None:
            angles = {"RefLongitude": _angle(lonlat[0]), "RefLatitude": _angle(lonlat[1])}
        site = self.rooted(
            "IfcSite",
            "site",
            Name=clean_text(name),
            ObjectPlacement=self.placement(None),
            CompositionType="ELEMENT",
            RefElevation=ground_m,
            **angles,
        )
        self.rooted("IfcRelAggregates", "site", RelatingObject=self.project, RelatedObjects=[site])
        return site

    def _metre(self) -> Entity:
        return self.make("IfcSIUnit", UnitType="LENGTHUNIT", Name="METRE")

    def _units(self) -> Entity:
        units = [
            self._metre(),
            self.make("IfcSIUnit", UnitType="AREAUNIT", Name="SQUARE_METRE"),
            self.make("IfcSIUnit", UnitType="VOLUMEUNIT", Name="CUBIC_METRE"),
            self.make("IfcSIUnit", UnitType="PLANEANGLEUNIT", Name="RADIAN"),
        ]
        return self.make("IfcUnitAssignment", Units=units)

    def _contexts(self) -> dict[str, Entity]:
        origin = self.make("IfcCartesianPoint", [0.0, 0.0, 0.0])
        whole = self.make(
            "IfcGeometricRepresentationContext",
            ContextType="Model",
            CoordinateSpaceDimension=3,
            Precision=1e-5,
            WorldCoordinateSystem=self.make("IfcAxis2Placement3D", Location=origin),
        )
        views = {"Axis": "GRAPH_VIEW", "Body": "MODEL_VIEW"}
        parts = {
            name: self.make(
                "IfcGeometricRepresentationSubContext",
                ContextIdentifier=name,
                ContextType="Model",
                ParentContext=whole,
                TargetView=view,
            )
            for name, view in views.items()
        }
        return {"Model": whole, **parts}


def _angle(degrees: float) -> tuple[int, int, int, int]:
    """Return degrees, minutes, seconds and millionths, all of one sign."""
    millionths = round(abs(degrees) * 3600e6)
    seconds, millionths = divmod(millionths, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    whole, minutes = divmod(minutes, 60)
    sign = int(math.copysign(1, degrees))
    return sign * whole, sign * minutes, sign * seconds, sign * millionths
