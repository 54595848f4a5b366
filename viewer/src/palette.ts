import { Color } from "cesium";
import type { PipeRecord } from "./record";

export const PIPE_COLOURINGS = ["nominal", "cover", "quality", "role", "material"] as const;
export type PipeColouring = (typeof PIPE_COLOURINGS)[number];

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
  withheld: "#8a4a63",
} as const;

/** Colours of points by the class that the scanner's software gave, as LAS counts them. */
export const LAS_CLASSES: readonly (readonly [code: number, colour: string])[] = [
  [2, "#b08d57"],
  [3, "#8fce56"],
  [4, "#5bb450"],
  [5, "#2f8f3a"],
  [6, "#e8836b"],
  [7, "#ff4fd8"],
  [9, "#4f9dff"],
  [11, "#8f98a6"],
];

/** From the fitted barrel inwards, on it, and outwards. */
export const DISTANCE_STOPS = ["#2b6cb0", "#7fc4ff", "#f4f4f4", "#ffb27f", "#c0392b"] as const;

/** Heights from low to high. */
export const HEIGHT_STOPS = ["#3b2f7f", "#2b6cb0", "#23a08d", "#8fce56", "#fbe55b"] as const;

export function nominalColour(nominalMm: number | null): string {
  if (nominalMm === null) return UNKNOWN;
  return NOMINAL.get(nominalMm) ?? OTHER_NOMINAL;
}

/** Colours of covers from shallow to deep, one more than there are limits. */
export const COVERS = ["#ff6b5e", "#f2b134", "#4fd08a", "#4fb3ff", "#6f8cff", "#a98bff"] as const;

export const ROLES: Readonly<Record<string, string>> = {
  main: "#4fb3ff",
  branch: "#6fcf97",
  crossing: "#f2b134",
  unknown: UNKNOWN,
};

export const MATERIALS: Readonly<Record<string, string>> = {
  DIP: "#4fb3ff",
  SP: "#a98bff",
  HPPE: "#6fcf97",
  VP: "#f2b134",
  SUS: "#e07be0",
};

export function qualityColour(quality: string | null): string {
  return known(QUALITY, quality);
}

export function coverColour(coverM: number | null, limits: readonly number[]): string {
  if (coverM === null) return UNKNOWN;
  const passed = limits.filter((limit) => coverM >= limit).length;
  return COVERS[passed] ?? UNKNOWN;
}

export function pipeColour(
  pipe: PipeRecord,
  by: PipeColouring,
  coverLimits: readonly number[],
): string {
  switch (by) {
    case "nominal":
      return nominalColour(pipe.nominal_diameter_mm);
    case "cover":
      return coverColour(pipe.cover_min_m, coverLimits);
    case "quality":
      return known(QUALITY, pipe.quality);
    case "role":
      return known(ROLES, pipe.role);
    case "material":
      return known(MATERIALS, pipe.material);
  }
}

function known(colours: Readonly<Record<string, string>>, code: string | null): string {
  return (code !== null && Object.hasOwn(colours, code) && colours[code]) || UNKNOWN;
}

/** A colour as shaders calculate with it: in proportion to light. */
export function linearColour(css: string): Color {
  const { red, green, blue } = Color.fromCssColorString(css);
  return new Color(red ** 2.2, green ** 2.2, blue ** 2.2);
}
