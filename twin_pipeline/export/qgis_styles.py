"""How QGIS shows the layers: pipes by nominal diameter and cover, Japanese names of the fields."""

from dataclasses import dataclass

from lxml import etree

from twin_pipeline.export.attributes import FITTINGS, PIPES, STATIONS, TRENCH, FieldKind, Layer
from twin_pipeline.export.qgis_symbols import (
    Label,
    Rule,
    SymbolLayer,
    append_label,
    append_rules,
)
from twin_pipeline.export.xml import Element

_VERSION = "3.22.0"
"""The oldest QGIS that reads these styles as they are meant."""

_DIAMETER_COLOURS = (
    (50, "100,100,100,255"),
    (75, "31,120,180,255"),
    (100, "0,90,50,255"),
    (150, "106,61,154,255"),
    (200, "177,89,40,255"),
    (250, "0,139,139,255"),
    (300, "199,21,133,255"),
    (350, "60,60,140,255"),
)
_OTHER, _UNKNOWN = "20,20,20,255", "140,140,140,255"

_COVER_CLASSES = (
    ('"cover_min_m" IS NULL', "土被り不明 / cover unknown", "190,190,190,160"),
    ('"cover_min_m" <= 0.6', "土被り 0.6 m 以下 / cover up to 0.6 m", "215,25,28,200"),
    ('"cover_min_m" > 0.6 AND "cover_min_m" <= 1.2', "土被り 0.6～1.2 m", "253,174,97,200"),
    ('"cover_min_m" > 1.2', "土被り 1.2 m 超 / cover over 1.2 m", "102,189,99,200"),
)
"""By the least cover that a main must have, and the one that it must have as a rule."""

_BAND_MM = 3.2
_NEVER = '"pipe_id" IS NULL'
"""Holds for no pipe: such rules only explain a colour in the legend."""

_PIPE_LABEL = (
    "coalesce(\"material\", '') || ' φ' || coalesce(to_string(\"nominal_diameter_mm\"), '不明') || "
    "coalesce(' 土被り' || format_number(\"cover_min_m\", 2) || '～' || "
    "format_number(\"cover_max_m\", 2), '')"
)
_STATION_LABEL = (
    "format_number(\"chainage_m\", 2) || coalesce('\\n土被り' || format_number(\"cover_m\", 2), '')"
)
_FITTING_SIGNS = (
    ("joint", "継手 / joint", "line", "20,20,20,255", 3.0),
    ("bend", "曲管 / bend", "triangle", "227,26,28,255", 3.0),
    ("tee", "T字管 / tee", "square", "227,26,28,255", 3.0),
    ("end", "端部 / end", "circle", "255,255,255,255", 2.4),
)


@dataclass(frozen=True, slots=True)
class Style:
    """A style of a layer, as QGIS keeps it in a GeoPackage."""

    layer: Layer
    name: str
    description: str
    is_default: bool
    qml: str


def styles() -> tuple[Style, ...]:
    """Return the styles of all layers with geometry; of each layer one is the default."""
    pipe_label = Label(_PIPE_LABEL, 8.0, "20,20,20,255", along_line=True)
    station_label = Label(_STATION_LABEL, 6.0, "60,60,60,255", largest_scale_denominator=200)
    made = (
        (PIPES, "口径と土被り", "diameter (line) and cover (band)", _diameter_rules(), pipe_label),
        (PIPES, "土被り", "cover", _cover_rules(), pipe_label),
        (STATIONS, "測点", "stations, hollow where not observed", _station_rules(), station_label),
        (FITTINGS, "継手・異形管", "fittings by kind", _fitting_rules(), None),
        (TRENCH, "掘削範囲", "outline of the excavation", _trench_rules(), None),
    )
    styled: set[str] = set()
    found = []
    for layer, name, description, rules, label in made:
        qml = _qml(layer, rules, label)
        found.append(Style(layer, name, description, layer.name not in styled, qml))
        styled.add(layer.name)
    return tuple(found)


def _qml(layer: Layer, rules: tuple[Rule, ...], label: Label | None) -> str:
    root = etree.Element("qgis", version=_VERSION, styleCategories="AllStyleCategories",
                         labelsEnabled="1" if label else "0")  # fmt: skip
    append_rules(root, rules)
    if label is not None:
        append_label(root, label)
    _append_fields(root, layer)
    etree.indent(root)
    doctype = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
    return etree.tostring(root, encoding="unicode", doctype=doctype)


def _append_fields(root: Element, layer: Layer) -> None:
    """Name the fields in Japanese with their units, and show a map tip."""
    configuration = etree.SubElement(root, "fieldConfiguration")
    aliases = etree.SubElement(root, "aliases")
    for number, spec in enumerate(layer.fields, start=1):  # the first is the feature's number
        field = etree.SubElement(configuration, "field", name=spec.name, configurationFlags="None")
        widget = "CheckBox" if spec.kind is FieldKind.BOOLEAN else "TextEdit"
        etree.SubElement(field, "editWidget", type=widget)
        alias = f"{spec.alias_ja} [{spec.unit}]" if spec.unit not in {"", "1"} else spec.alias_ja
        etree.SubElement(aliases, "alias", index=str(number), field=spec.name, name=alias)
    title = "pipe_id" if any(spec.name == "pipe_id" for spec in layer.fields) else "site"
    etree.SubElement(root, "previewExpression").text = f'"{title}"'


def _diameter_rules() -> tuple[Rule, ...]:
    band = (
        "CASE "
        + " ".join(f"WHEN {expression} THEN '{colour}'" for expression, _, colour in _COVER_CLASSES)
        + " END"
    )
    known = ", ".join(str(diameter) for diameter, _ in _DIAMETER_COLOURS)
    classes = [
        *(
            (f'"nominal_diameter_mm" = {diameter}', f"φ{diameter}", colour)
            for diameter, colour in _DIAMETER_COLOURS
        ),
        (f'"nominal_diameter_mm" NOT IN ({known})', "その他の口径 / other", _OTHER),
        ('"nominal_diameter_mm" IS NULL', "口径不明 / unknown", _UNKNOWN),
    ]
    lines = tuple(
        Rule(
            label,
            expression,
            (_line("190,190,190,160", _BAND_MM, {"outlineColor": band}), _line(colour, 1.0)),
        )
        for expression, label, colour in classes
    )
    return lines + tuple(
        Rule(f"帯: {label}", _NEVER, (_line(colour, _BAND_MM),))
        for _, label, colour in _COVER_CLASSES
    )


def _cover_rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(label, expression, (_line(colour, 1.6),))
        for expression, label, colour in _COVER_CLASSES
    )


def _line(colour: str, width_mm: float, expressions: dict[str, str] | None = None) -> SymbolLayer:
    options: dict[str, str | float] = {
        "line_color": colour,
        "line_width": width_mm,
        "line_width_unit": "MM",
        "line_style": "solid",
        "capstyle": "flat",
        "joinstyle": "round",
    }
    return SymbolLayer("SimpleLine", options, expressions or {})


def _station_rules() -> tuple[Rule, ...]:
    seen = _marker("circle", "60,60,60,255", 1.4)
    hidden = _marker("circle", "255,255,255,255", 1.4)
    return (
        Rule("観測 / observed", '"observed"', (seen,)),
        Rule("補間 / interpolated", "ELSE", (hidden,)),
    )


def _fitting_rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(label, f"\"kind\" = '{kind}'", (_marker(sign, colour, size_mm),))
        for kind, label, sign, colour, size_mm in _FITTING_SIGNS
    )


def _marker(sign: str, colour: str, size_mm: float) -> SymbolLayer:
    options: dict[str, str | float] = {
        "name": sign,
        "color": colour,
        "outline_color": "20,20,20,255",
        "outline_width": 0.3,
        "outline_width_unit": "MM",
        "size": size_mm,
        "size_unit": "MM",
    }
    return SymbolLayer("SimpleMarker", options)


def _trench_rules() -> tuple[Rule, ...]:
    options: dict[str, str | float] = {
        "color": "160,120,80,40",
        "style": "solid",
        "outline_color": "140,100,60,255",
        "outline_style": "dash",
        "outline_width": 0.3,
        "outline_width_unit": "MM",
    }
    return (Rule("掘削範囲 / trench", "ELSE", (SymbolLayer("SimpleFill", options),)),)
