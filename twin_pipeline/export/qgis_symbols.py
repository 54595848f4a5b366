"""The parts of QGIS styles: options, symbols, rules and labels as QML has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from twin_pipeline.export.xml import Element

Options = Mapping[str, str | float]

_KINDS = {"SimpleLine": "line", "SimpleMarker": "marker", "SimpleFill": "fill"}


@dataclass(frozen=True, slots=True)
class SymbolLayer:
    """One stroke, fill or marker of a symbol."""

    kind: str
    """QGIS's class: SimpleLine, SimpleMarker or SimpleFill."""
    options: Options
    expressions: Mapping[str, str] = field(default_factory=dict)
    """Expressions by QGIS's name of the property that they set."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A symbol for the features that an expression holds for."""

    label: str
    expression: str
    """QGIS expression; ELSE for those that no other rule holds for."""
    layers: tuple[SymbolLayer, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Text beside features."""

    expression: str
    size_pt: float
    colour: str
    along_line: bool = False
    largest_scale_denominator: int = 2000
    """Drawn only where the map shows at least this much."""


def append_rules(parent: Element, rules: Sequence[Rule]) -> None:
    """Append a rule-based renderer."""
    renderer = _child(parent, "renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    tree = _child(renderer, "rules", key="{root}")
    symbols = _child(renderer, "symbols")
    for number, rule in enumerate(rules):
        stated = {"key": f"{{rule-{number}}}", "filter": rule.expression, "label": rule.label}
        _child(tree, "rule", **stated, symbol=str(number))
        kind = _KINDS[rule.layers[0].kind]
        symbol = _child(symbols, "symbol", type=kind, name=str(number), alpha="1", force_rhr="0",
                        clip_to_extent="1")  # fmt: skip
        for layer in rule.layers:
            _append_layer(symbol, layer)


def append_label(parent: Element, label: Label) -> None:
    """Append labels with a white halo, shown only at large scales."""
    labeling = _child(parent, "labeling", type="simple")
    settings = _child(labeling, "settings", calloutType="simple")
    style = _child(settings, "text-style", fieldName=label.expression, isExpression="1",
                   fontFamily="Noto Sans CJK JP", fontSize=str(label.size_pt), fontSizeUnit="Point",
                   textColor=label.colour, textOpacity="1")  # fmt: skip
    _child(style, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM",
           bufferColor="255,255,255,255", bufferOpacity="0.8")  # fmt: skip
    # QGIS's numbers: 2 is along a line, 0 around a point; 2 + 8 above it, as the map is turned.
    placing = {"placement": "0"}
    if label.along_line:
        placing = {"placement": "2", "placementFlags": "10", "priority": "10"}
    _child(settings, "placement", dist="1", distUnits="MM", **placing)
    _child(settings, "rendering", scaleVisibility="1", scaleMin="1",
           scaleMax=str(label.largest_scale_denominator), obstacle="1")  # fmt: skip


def _append_layer(symbol: Element, layer: SymbolLayer) -> None:
    element = _child(symbol, "layer", **{"class": layer.kind}, enabled="1", locked="0")
    element.set("pass", "0")
    options = _child(element, "Option", type="Map")
    for name, value in layer.options.items():
        _child(options, "Option", name=name, type="QString", value=str(value))
    if layer.expressions:
        defined = _child(element, "data_defined_properties")
        top = _child(defined, "Option", type="Map")
        _child(top, "Option", name="name", type="QString", value="")
        properties = _child(top, "Option", name="properties", type="Map")
        for name, expression in layer.expressions.items():
            one = _child(properties, "Option", name=name, type="Map")
            _child(one, "Option", name="active", type="bool", value="true")
            _child(one, "Option", name="expression", type="QString", value=expression)
            _child(one, "Option", name="type", type="int", value="3")
        _child(top, "Option", name="type", type="QString", value="collection")


def _child(parent: Element, tag: str, /, **attributes: str) -> Element:
    return etree.SubElement(parent, tag, attributes)
