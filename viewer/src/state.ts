import type { Dataset } from "./dataset";
import { Filters } from "./filters";
import type { FeatureInfo } from "./layers/attributes";
import type { Mark } from "./markers";
import type { PipeColouring } from "./palette";
import type { PointColouring } from "./points";
import type { PipeRecord } from "./record";
import { Signal } from "./signal";

export const LAYERS = [
  "points",
  "pipes",
  "shells",
  "stations",
  "joints",
  "ground",
  "globe",
] as const;
export type LayerId = (typeof LAYERS)[number];

export const TOOLS = ["profile", "section", "measure", "coordinates", "swipe"] as const;
export type ToolId = (typeof TOOLS)[number];

/** Whether a layer is shown, and how much of it shines through. */
export interface LayerState {
  readonly shown: Signal<boolean>;
  readonly opacity: Signal<number>;
}

const OPACITY: Readonly<Record<LayerId, number>> = {
  points: 1,
  pipes: 1,
  shells: 1,
  stations: 1,
  joints: 1,
  ground: 0.35,
  globe: 0.55,
};

/** What the curtain parts, by name, and where it hangs, as a share of the window's width. */
export interface Curtain {
  readonly left: string | null;
  readonly right: string | null;
  readonly at: number | null;
}

/** What the user has chosen; parts of the page set it and follow it. */
export class ViewState {
  readonly layers: Readonly<Record<LayerId, LayerState>>;
  readonly trenchOpen = new Signal(true);
  readonly pointColouring = new Signal<PointColouring>("rgb");
  readonly pipeColouring = new Signal<PipeColouring>("nominal");
  readonly filters: Filters;
  readonly search = new Signal("");
  readonly selected = new Signal<PipeRecord | null>(null);
  /** The station or fitting of the selected pipe that has been clicked. */
  readonly mark = new Signal<Mark | null>(null);
  /** The feature of an added layer that has been clicked. */
  readonly feature = new Signal<FeatureInfo | null>(null);
  /** Where along the selected pipe the charts' cursor stands, metres. */
  readonly chainage = new Signal<number | null>(null);
  readonly curtain = new Signal<Curtain>({ left: null, right: null, at: null });
  readonly tools: Readonly<Record<ToolId, Signal<boolean>>>;

  constructor({ pipes }: Dataset) {
    this.filters = new Filters(pipes.map(({ record }) => record));
    this.layers = byName(LAYERS, (id) => ({
      shown: new Signal(id !== "globe" && id !== "shells"),
      opacity: new Signal(OPACITY[id]),
    }));
    this.tools = byName(TOOLS, () => new Signal(false));
    this.selected.follow((pipe) => pipe !== null && this.feature.set(null));
  }
}

/** The layers that a dataset has something for. */
export function offeredLayers(dataset: Dataset): LayerId[] {
  const has = (layer: string) => dataset.links.some((link) => link.layer === layer);
  const detailed = dataset.sites.some(({ details }) => details !== null);
  return LAYERS.filter((id) => {
    if (id === "pipes" || id === "shells") return has(id);
    if (id === "ground") return dataset.sites.some(({ hasGround }) => hasGround);
    return !["stations", "joints"].includes(id) || (detailed && has("pipes"));
  });
}

function byName<K extends string, V>(names: readonly K[], make: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;
}
