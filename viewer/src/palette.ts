import { Color } from "cesium";
import type { PipeRecord } from "./record";

export type PipeColouring = "nominal" | "quality";

export const SELECTED = "#ffe14d";
export const UNKNOWN = "#9aa4b2";

/** Colour by nominal diameter in mm: the same size has the same colour in every dataset. */
const NOMINAL: ReadonlyMap<number, string> = new Map([
  [50, "#b8e186"],
  [75, "#6fcf97"],
  [100, "#2dbdb0"],
  [150, "#4fb3ff"],
  [200, "#6f8cff"],
  [250, "#a98bff"],
  [300, "#e07be0"],
  [350, "#ff7aa8"],
  [400, "#ff8a65"],
  [500, "#f2b134"],
]);
export const OTHER_NOMINAL = "#e8d8c3";

export const QUALITY: Readonly<Record<string, string>> = {
  good: "#4fd08a",
  usable: "#f2b134",
  poor: "#ff6b5e",
};

/** Colours of points by label, in the order of the legend. */
export const LABELS = {
  ground: "#8f98a6",
  trench: "#c79a63",
  pipe: "#4fb3ff",
  other: "#5a6472",
} as const;

/** Heights from low to high. */
export const HEIGHT_STOPS = ["#3b2f7f", "#2b6cb0", "#23a08d", "#8fce56", "#fbe55b"] as const;

export function nominalColour(nominalMm: number | null): string {
  if (nominalMm === null) return UNKNOWN;
  return NOMINAL.get(nominalMm) ?? OTHER_NOMINAL;
}

export function qualityColour(quality: string | null): string {
  return (quality !== null && Object.hasOwn(QUALITY, quality) && QUALITY[quality]) || UNKNOWN;
}

export function pipeColour(pipe: PipeRecord, by: PipeColouring): string {
  return by === "nominal" ? nominalColour(pipe.nominal_diameter_mm) : qualityColour(pipe.quality);
}

/** A colour as shaders calculate with it: in proportion to light. */
export function linearColour(css: string): Color {
  const { red, green, blue } = Color.fromCssColorString(css);
  return new Color(red ** 2.2, green ** 2.2, blue ** 2.2);
}
