"""The one attribute schema that all formats share, and what the formats are given.

Names, types and order of the fields are a promise to other people's scripts. A format turns this
table into its own terms; none of them adds, drops or renames a field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from twin_pipeline.crs.target import Placed
from twin_pipeline.model import DesignLine, FloatArray, JobFacts, Survey


class SiteGeoreference(Placed, Protocol):
    """What the formats ask of a site's coordinate reference system."""

    def describe(self) -> Mapping[str, Any]:
        """CRS, vertical datum and geoid as plain values."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteResult:
    """One site's survey together with where it lies and what it rests on."""

    survey: Survey
    georeference: SiteGeoreference
    provenance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Inputs, hashes, software version, dates ...; shown and stored in this order."""
    boundary: FloatArray | None = None
    """(K, 2) boundary line in the scan frame, metres, from which offsets are taken."""
    design: tuple[DesignLine, ...] = ()
    """Designed lines that the pipes are compared with."""
    registration: tuple[Mapping[str, Any], ...] = ()
    """How each scan was moved to its place, as run.json has it; empty where none was."""
    extent: FloatArray | None = None
    """(2, 3) least and greatest corner of the points in the scan frame, where nothing is surveyed
    that says where the site lies."""


class FieldKind(StrEnum):
    """The type of a field's values."""

    TEXT = "text"
    INTEGER = "int"
    REAL = "real"
    BOOLEAN = "bool"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a layer."""

    name: str
    kind: FieldKind
    unit: str
    nullable: bool
    description: str
    alias_ja: str
    decimals: int = 4
    """Digits after the point where a format writes numbers as text."""


def describe(spec: Field) -> str:
    """Return a field's description with its unit."""
    return f"{spec.description} [{spec.unit}]" if spec.unit else spec.description


class GeometryKind(StrEnum):
    """Geometry of a layer, in the words of OGR."""

    LINE = "LineString Z"
    POINT = "Point Z"
    POLYGON = "Polygon"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """A named table with one geometry kind."""

    name: str
    geometry: GeometryKind
    description: str
    alias_ja: str
    fields: tuple[Field, ...]


def _text(name: str, description: str, alias: str, *, nullable: bool = False) -> Field:
    return Field(name, FieldKind.TEXT, "", nullable, description, alias)


def _metres(name: str, description: str, alias: str, *, nullable: bool = False) -> Field:
    return Field(name, FieldKind.REAL, "m", nullable, description, alias)


def _degrees(name: str, description: str, alias: str, *, nullable: bool = False) -> Field:
    return Field(name, FieldKind.REAL, "deg", nullable, description, alias, decimals=2)


def _fraction(name: str, description: str, alias: str, *, nullable: bool = False) -> Field:
    return Field(name, FieldKind.REAL, "1", nullable, description, alias)


def _whole(name: str, unit: str, description: str, alias: str, *, nullable: bool = False) -> Field:
    return Field(name, FieldKind.INTEGER, unit, nullable, description, alias, decimals=0)


_SITE = _text("site", "site: the scan it comes from", "現場")
_PIPE_ID = _text("pipe_id", "pipe, stable for the same input and configuration", "管ID")
_CHAINAGE = _metres("chainage_m", "distance along the centreline from its start", "追加距離")

PIPES = Layer(
    "pipes",
    GeometryKind.LINE,
    "centrelines of the measured pipes",
    "管路",
    (
        _SITE,
        _PIPE_ID,
        _text("role", "main, branch, crossing or unknown", "区分"),
        _text("material", "DIP, SP, HPPE, VP or SUS as given by the user", "管種", nullable=True),
        _metres("outer_diameter_m", "measured outer diameter", "外径"),
        _metres("outer_diameter_std_m", "1 sigma of the outer diameter", "外径の標準偏差"),
        _whole(
            "nominal_diameter_mm",
            "mm",
            "nominal diameter; null where the data can't decide",
            "呼び径",
            nullable=True,
        ),
        _fraction(
            "nominal_probability",
            "posterior probability of the nominal diameter",
            "呼び径の確率",
            nullable=True,
        ),
        _metres("length_m", "length along the centreline", "延長"),
        _metres("cover_min_m", "least cover, ground to crown", "土被り最小", nullable=True),
        _metres("cover_mean_m", "mean cover, ground to crown", "土被り平均", nullable=True),
        _metres("cover_max_m", "greatest cover, ground to crown", "土被り最大", nullable=True),
        _metres("cover_std_m", "1 sigma of the cover", "土被りの標準偏差", nullable=True),
        _metres("crown_z_start_m", "elevation of the crown at the start", "管頂高(始点)"),
        _metres("crown_z_end_m", "elevation of the crown at the end", "管頂高(終点)"),
        _metres("centre_z_start_m", "elevation of the centre at the start", "管中心高(始点)"),
        _metres("centre_z_end_m", "elevation of the centre at the end", "管中心高(終点)"),
        _metres("position_std_h_m", "1 sigma of the position, horizontal", "水平位置の標準偏差"),
        _metres("position_std_v_m", "1 sigma of the position, vertical", "鉛直位置の標準偏差"),
        _degrees("arc_deg", "visible arc of the cross-section, median", "可視円弧角"),
        _metres("fit_rms_m", "rms distance of the points from the fitted barrel", "当てはめ残差"),
        _whole("points", "1", "points that the numbers rest on", "使用点数"),
        _fraction("observed_fraction", "share of the length that was seen", "観測区間の割合"),
        _text("quality", "good, usable or poor", "品質"),
        _text("quality_reason", "why the quality is what it is", "品質の理由"),
        _text("construction_no", "number of the construction job", "工事番号", nullable=True),
        _text("route_name", "name of the route", "路線名", nullable=True),
        _whole("laid_fiscal_year", "", "fiscal year of laying", "布設年度", nullable=True),
        _text("joint_type", "type of the joints, such as GX or NS", "継手形式", nullable=True),
    ),
)

STATIONS = Layer(
    "stations",
    GeometryKind.POINT,
    "measurements along the pipes",
    "測点",
    (
        _SITE,
        _PIPE_ID,
        _CHAINAGE,
        _metres("easting_m", "easting of the centreline", "東方向座標"),
        _metres("northing_m", "northing of the centreline", "北方向座標"),
        _metres("ground_z_m", "elevation of the finished ground", "地表高", nullable=True),
        _metres("crown_z_m", "elevation of the crown", "管頂高"),
        _metres("centre_z_m", "elevation of the centreline", "管中心高"),
        _metres("cover_m", "ground minus crown", "土被り", nullable=True),
        _metres("cover_std_m", "1 sigma of the cover", "土被りの標準偏差", nullable=True),
        _metres("outer_diameter_m", "outer diameter around this station", "外径", nullable=True),
        Field(
            "observed",
            FieldKind.BOOLEAN,
            "",
            nullable=False,
            description="false where the pipe was hidden and the centreline is interpolated",
            alias_ja="観測",
        ),
        _metres("offset_m", "distance to the boundary line", "オフセット", nullable=True),
        _metres(
            "plan_deviation_m",
            "from the designed line in plan, to the right of its direction",
            "平面位置の較差",
            nullable=True,
        ),
        _metres("level_deviation_m", "above the designed level", "高さの較差", nullable=True),
        _metres("cover_deviation_m", "more cover than designed", "土被りの較差", nullable=True),
    ),
)

FITTINGS = Layer(
    "fittings",
    GeometryKind.POINT,
    "joints, bends, tees and ends of the pipes",
    "継手・異形管",
    (
        _SITE,
        _PIPE_ID,
        _text("kind", "joint, bend, tee or end", "種別"),
        _CHAINAGE,
        _degrees("angle_deg", "measured change of direction", "曲がり角", nullable=True),
        _degrees("catalogue_angle_deg", "nearest standard bend", "規格角度", nullable=True),
        _metres("radius_m", "bending radius of the centreline", "曲げ半径", nullable=True),
        _metres(
            "chainage_std_m", "1 sigma of a joint's chainage", "追加距離標準偏差", nullable=True
        ),
        _text("branch_id", "pipe that leaves at a tee", "分岐管番号", nullable=True),
    ),
)

TRENCH = Layer(
    "trench",
    GeometryKind.POLYGON,
    "outlines of the excavation",
    "掘削範囲",
    (
        _SITE,
        Field("area_m2", FieldKind.REAL, "m2", nullable=False, description="area", alias_ja="面積"),
    ),
)

PROVENANCE = Layer(
    "provenance",
    GeometryKind.NONE,
    "what the results were made from and how",
    "来歴",
    (
        _SITE,
        _text("key", "what is stated", "項目"),
        _text("value", "the statement", "内容"),
    ),
)

JOB_FIELDS = tuple(JobFacts.__dataclass_fields__)
"""Fields of the pipes that come from the job's papers."""

LAYERS = (PIPES, STATIONS, FITTINGS, TRENCH, PROVENANCE)
