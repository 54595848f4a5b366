import { element, swatch } from "./dom";
import { fixed } from "./format";
import { codeText, text } from "./i18n";
import {
  COVERS,
  DISTANCE_STOPS,
  HEIGHT_STOPS,
  LABELS,
  LAS_CLASSES,
  MATERIALS,
  nominalColour,
  type PipeColouring,
  QUALITY,
  ROLES,
  UNKNOWN,
} from "./palette";
import { DISTANCE_RANGE_M, HEIGHT_RANGE_M, type PointColouring } from "./points";
import type { PipeRecord } from "./record";

type Entry = readonly [colour: string, name: string];

/** What the colours of the pipes mean: only what these pipes have. */
export function pipeLegend(
  pipes: readonly PipeRecord[],
  by: PipeColouring,
  coverLimits: readonly number[],
): HTMLElement {
  switch (by) {
    case "nominal":
      return entries(nominalEntries(pipes));
    case "cover":
      return entries(coverEntries(pipes, coverLimits));
    case "quality":
      return entries(codeEntries(QUALITY, new Set(pipes.map((pipe) => pipe.quality))));
    case "role":
      return entries(codeEntries(ROLES, new Set(pipes.map((pipe) => pipe.role))));
    case "material":
      return entries(codeEntries(MATERIALS, new Set(pipes.map((pipe) => pipe.material))));
  }
}

/** What the colours of the points mean; null for their natural colours. */
export function pointLegend(by: PointColouring, knowsGround: boolean): HTMLElement | null {
  switch (by) {
    case "rgb":
      return null;
    case "elevation":
      return scale(
        HEIGHT_STOPS,
        HEIGHT_RANGE_M,
        text(knowsGround ? "heightLegend" : "heightOfMiddle"),
        1,
      );
    case "distance":
      return scale(DISTANCE_STOPS, DISTANCE_RANGE_M, text("distanceLegend"), 2);
    case "intensity":
      return scale(["#000000", "#ffffff"], null, text("intensity"), 0);
    case "class":
      return entries([
        [UNKNOWN, `0・1 ${text("lasNone")}`],
        ...LAS_CLASSES.map(([code, colour]): Entry => [colour, `${code} ${className(code)}`]),
      ]);
    case "label":
      return entries([
        [LABELS.ground, text("labelGround")],
        [LABELS.trench, text("labelTrench")],
        [LABELS.pipe, text("labelPipe")],
        [LABELS.other, text("labelOther")],
        [LABELS.withheld, text("labelWithheld")],
      ]);
  }
}

function className(code: number): string {
  const names: Readonly<Record<number, string>> = {
    2: text("lasGround"),
    3: text("lasLow"),
    4: text("lasMedium"),
    5: text("lasHigh"),
    6: text("lasBuilding"),
    7: text("lasNoise"),
    9: text("lasWater"),
    11: text("lasRoad"),
  };
  return names[code] ?? "";
}

function nominalEntries(pipes: readonly PipeRecord[]): Entry[] {
  const sizes = new Set(pipes.map((pipe) => pipe.nominal_diameter_mm));
  const known = [...sizes].filter((size) => size !== null).sort((a, b) => a - b);
  const found = known.map((size): Entry => [nominalColour(size), `φ${size}`]);
  return sizes.has(null) ? [...found, [UNKNOWN, text("undecided")]] : found;
}

function coverEntries(pipes: readonly PipeRecord[], limits: readonly number[]): Entry[] {
  const names = limits.map((limit) => `< ${fixed(limit, 2)} m`);
  const last = limits.at(-1);
  if (last !== undefined) names.push(`≥ ${fixed(last, 2)} m`);
  const found = names.map((name, i): Entry => [COVERS[i] ?? UNKNOWN, name]);
  const open = pipes.some((pipe) => pipe.cover_min_m === null);
  return open ? [...found, [UNKNOWN, text("noGround")]] : found;
}

function codeEntries(
  colours: Readonly<Record<string, string>>,
  present: ReadonlySet<string | null>,
): Entry[] {
  const known = Object.entries(colours)
    .filter(([code]) => present.has(code))
    .map(([code, colour]): Entry => [colour, codeText(code)]);
  return present.has(null) ? [...known, [UNKNOWN, text("undecided")]] : known;
}

function entries(pairs: readonly Entry[]): HTMLElement {
  const items = pairs.map(([colour, name]) => element("li", {}, swatch(colour), name));
  return element("ul", { class: "legend" }, ...items);
}

function scale(
  stops: readonly string[],
  range: readonly [number, number] | null,
  title: string,
  decimals: number,
): HTMLElement {
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const [low, high] = range ?? [null, null];
  const ends = element(
    "span",
    { class: "ends" },
    element("span", {}, low === null ? "−" : `${fixed(low, decimals)} m`),
    element("span", {}, title),
    element("span", {}, high === null ? "+" : `+${fixed(high, decimals)} m`),
  );
  return element("div", { class: "scale" }, bar, ends);
}
