"""What the schema of LandXML 1.2 says of the elements that are written, in our own form.

The schema itself is not part of the tests: its owner publishes it, no package carries it. The
order of children, their number, the attributes that must be there, the words that are allowed and
the names that must be the only ones are as the schema and its documentation state them.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

MANY = 10**9
NUMBERS = "numbers"


@dataclass(frozen=True)
class Rule:
    """What an element may hold."""

    children: tuple[tuple[str, int, int], ...] = ()
    """In this order: names (one of several, by |), least and most."""
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    text: tuple[int, int] | None = None
    """Least and most numbers of its text; None where it has no text."""
    ordered: bool = True


FEATURES = ("Feature", 0, MANY)
POINT = Rule(optional=("name", "desc", "code", "featureRef"), text=(2, 3))
RULES = {
    "LandXML": Rule(
        (("Units", 1, 1), ("CoordinateSystem", 0, 1), ("Project", 0, 1), ("Application", 0, MANY),
         ("Alignments", 0, MANY), ("CgPoints", 0, MANY), ("PipeNetworks", 0, MANY)),
        ("date", "time", "version"), ("language",), ordered=False),
    "Units": Rule((("Metric", 1, 1),)),
    "Metric": Rule(
        required=("areaUnit", "linearUnit", "volumeUnit", "temperatureUnit", "pressureUnit"),
        optional=("diameterUnit", "angularUnit", "directionUnit"),
        words={
            "areaUnit": ("squareMeter",), "linearUnit": ("millimeter", "centimeter", "meter"),
            "volumeUnit": ("cubicMeter",), "temperatureUnit": ("celsius", "kelvin"),
            "pressureUnit": ("HPA", "milliBars", "mmHG", "millimeterHG"),
            "diameterUnit": ("millimeter", "centimeter", "meter", "kilometer"),
            "angularUnit": ("radians", "grads", "decimal degrees", "decimal dd.mm.ss"),
            "directionUnit": ("radians", "grads", "decimal degrees", "decimal dd.mm.ss"),
        }),
    "CoordinateSystem": Rule(
        (FEATURES,), optional=("desc", "name", "epsgCode", "ogcWktCode", "verticalDatum")),
    "Project": Rule((FEATURES,), ("name",), ("desc",)),
    "Application": Rule((), ("name",), ("version",)),
    "Feature": Rule((("Property", 0, MANY), FEATURES), optional=("name", "code", "source")),
    "Property": Rule(required=("label", "value")),
    "Alignments": Rule((("Alignment", 1, MANY), FEATURES), optional=("name", "desc")),
    "Alignment": Rule(
        (("CoordGeom", 1, 1), ("Profile", 0, MANY), FEATURES), ("name", "length", "staStart"),
        ("desc",), ("length", "staStart")),
    "CoordGeom": Rule((("Line", 1, MANY), FEATURES), optional=("name", "desc")),
    "Line": Rule((("Start", 1, 1), ("End", 1, 1), FEATURES), optional=("length",),
                 numeric=("length",)),
    "Start": POINT, "End": POINT, "Center": POINT, "CgPoint": POINT,
    "Profile": Rule((("ProfSurf|ProfAlign", 1, MANY), FEATURES), optional=("name", "desc")),
    "ProfSurf": Rule((("PntList2D", 1, MANY), FEATURES), ("name",)),
    "PntList2D": Rule(text=(4, MANY)),
    "ProfAlign": Rule((("PVI", 1, MANY), FEATURES), ("name",)),
    "PVI": Rule(optional=("desc",), text=(2, 2)),
    "CgPoints": Rule((("CgPoint", 0, MANY), FEATURES), optional=("name", "desc", "code")),
    "PipeNetworks": Rule((("PipeNetwork", 1, MANY), FEATURES), optional=("name", "desc")),
    "PipeNetwork": Rule(
        (("Structs", 1, 1), ("Pipes", 1, 1), FEATURES), ("name", "pipeNetType"), ("desc",),
        words={"pipeNetType": ("sanitary", "storm", "water", "other")}),
    "Structs": Rule((("Struct", 2, MANY), FEATURES)),
    "Struct": Rule(
        (("Center", 1, 1), ("InletStruct|OutletStruct|Connection", 1, 1), ("Invert", 1, MANY),
         FEATURES), ("name",), ("desc", "elevRim", "elevSump"), ("elevRim", "elevSump")),
    "InletStruct": Rule((FEATURES,)), "OutletStruct": Rule((FEATURES,)),
    "Connection": Rule((FEATURES,)),
    "Invert": Rule(required=("elev", "flowDir", "refPipe"), optional=("desc",), numeric=("elev",),
                   words={"flowDir": ("in", "out", "both")}),
    "Pipes": Rule((("Pipe", 1, MANY), FEATURES)),
    "Pipe": Rule((("CircPipe", 1, 1), FEATURES), ("name", "refStart", "refEnd"),
                 ("desc", "length"), ("length",)),
    "CircPipe": Rule((FEATURES,), ("diameter",), ("desc", "material", "thickness"), ("diameter",)),
}  # fmt: skip
# Elements whose names are the only ones of their kind in a file.
UNIQUE = ("Alignment", "PipeNetwork", "Struct", "Pipe", "CgPoint")


def landxml_faults(path: Path) -> list[str]:
    """Return all that is not as the schema has it."""
    root = etree.parse(path).getroot()
    found = [fault for element in root.iter(etree.Element) for fault in _of(element)]
    return [*found, *_names(root)]


def _name(element) -> str:
    return etree.QName(element).localname


def _of(element):
    name = _name(element)
    rule = RULES.get(name)
    if rule is None:
        yield f"{name}: is not expected"
        return
    plain = {key: value for key, value in element.attrib.items() if not key.startswith("{")}
    for key in rule.required:
        if key not in plain:
            yield f"{name}: lacks {key}"
    for key, value in plain.items():
        if key not in (*rule.required, *rule.optional):
            yield f"{name}: has {key}"
        if key in rule.numeric and not _is_number(value):
            yield f"{name}: {key} = {value!r}"
        if key in rule.words and value not in rule.words[key]:
            yield f"{name}: {key} = {value!r}"
    yield from _children(name, [_name(part) for part in element], rule)
    text = (element.text or "").split()
    least, most = rule.text or (0, 0)
    if not (least <= len(text) <= most and all(map(_is_number, text))):
        yield f"{name}: text {element.text!r}"


def _children(name, present, rule):
    left = sorted(present, key=_place(rule)) if not rule.ordered else list(present)
    for names, least, most in rule.children:
        count = 0
        while left and left[0] in names.split("|"):
            left.pop(0)
            count += 1
        if not least <= count <= most:
            yield f"{name}: has {count} of {names}"
    if left:
        yield f"{name}: {left[0]} is not where it may be"


def _place(rule):
    order = [names for names, *_ in rule.children]
    return lambda child: order.index(child) if child in order else len(order)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _names(root):
    for kind in UNIQUE:
        counted = Counter(e.get("name") for e in root.iter(f"{{*}}{kind}"))
        yield from (f"{kind}: {name!r} is there {n} times" for name, n in counted.items() if n > 1)
    structs = {e.get("name") for e in root.iter("{*}Struct")}
    pipes = {e.get("name") for e in root.iter("{*}Pipe")}
    features = {e.get("name") for e in root.iter("{*}Feature")}
    refs = [(e.get(k), structs) for e in root.iter("{*}Pipe") for k in ("refStart", "refEnd")]
    refs += [(e.get("refPipe"), pipes) for e in root.iter("{*}Invert")]
    refs += [(e.get("featureRef"), features) for e in root.iter("{*}CgPoint")]
    yield from (f"{ref!r} is not there" for ref, known in refs if ref not in known)
