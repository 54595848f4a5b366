import { element, swatch } from "./dom";
import { codeText, text } from "./i18n";
import {
  HEIGHT_STOPS,
  LABELS,
  nominalColour,
  type PipeColouring,
  QUALITY,
  UNKNOWN,
} from "./palette";
import { HEIGHT_RANGE_M, type PointColouring } from "./points";
import type { PipeRecord } from "./record";

/** What the colours of the pipes mean: only what these pipes have. */
export function pipeLegend(pipes: readonly PipeRecord[], by: PipeColouring): HTMLElement {
  return entries(by === "nominal" ? nominalEntries(pipes) : qualityEntries(pipes));
}

/** What the colours of the points mean; null for their natural colours. */
export function pointLegend(by: PointColouring): HTMLElement | null {
  if (by === "elevation") return heightScale();
  if (by === "rgb") return null;
  return entries([
    [LABELS.ground, text("labelGround")],
    [LABELS.trench, text("labelTrench")],
    [LABELS.pipe, text("labelPipe")],
    [LABELS.other, text("labelOther")],
  ]);
}

function nominalEntries(pipes: readonly PipeRecord[]): [string, string][] {
  const sizes = new Set(pipes.map((pipe) => pipe.nominal_diameter_mm));
  const known = [...sizes].filter((size) => size !== null).sort((a, b) => a - b);
  const found = known.map((size): [string, string] => [nominalColour(size), `φ${size}`]);
  return sizes.has(null) ? [...found, [UNKNOWN, text("undecided")]] : found;
}

function qualityEntries(pipes: readonly PipeRecord[]): [string, string][] {
  const present = new Set(pipes.map((pipe) => pipe.quality));
  return Object.entries(QUALITY)
    .filter(([quality]) => present.has(quality))
    .map(([quality, colour]) => [colour, codeText(quality)]);
}

function entries(pairs: readonly (readonly [string, string])[]): HTMLElement {
  const items = pairs.map(([colour, name]) => element("li", {}, swatch(colour), name));
  return element("ul", { class: "legend" }, ...items);
}

function heightScale(): HTMLElement {
  const [low, high] = HEIGHT_RANGE_M;
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(to right, ${HEIGHT_STOPS.join(", ")})`;
  const ends = element(
    "span",
    { class: "ends" },
    element("span", {}, `${low.toFixed(1)} m`),
    element("span", {}, text("heightLegend")),
    element("span", {}, `+${high.toFixed(1)} m`),
  );
  return element("div", { class: "scale" }, bar, ends);
}
