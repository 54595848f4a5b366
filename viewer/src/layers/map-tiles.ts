import {
  type Event as CesiumEvent,
  type CesiumWidget,
  type Clock,
  ImageryLayer,
  type ImageryLayerCollection,
  type ImageryProvider,
  JulianDate,
  Rectangle,
  type Scene,
  TimeInterval,
  UrlTemplateImageryProvider,
} from "cesium";
import { drawnUntil, isGroundLoaded } from "../drawn";
import type { ExtraLayer } from "./extra-layer";

/** Level of map tiles of 4 cm a pixel: no survey from the air is finer. */
const FINEST_MAP = 22;
const FRAMES_TO_ASK = 3;
const LONGEST_MS = 10_000;

/** Map tiles at an address, asked for only where and on which levels there are some. */
export function tileProvider({ url, facts }: ExtraLayer): UrlTemplateImageryProvider {
  return new UrlTemplateImageryProvider({
    url,
    credit: "",
    ...(facts?.minLevel != null && { minimumLevel: facts.minLevel }),
    maximumLevel: facts?.maxLevel ?? FINEST_MAP,
    ...(facts?.subdomains.length && { subdomains: [...facts.subdomains] }),
    ...within(facts?.bounds),
  });
}

/** Where there is something to be asked for, as providers take it. */
export function within(bounds: readonly number[] | null | undefined): { rectangle?: Rectangle } {
  return bounds ? { rectangle: Rectangle.fromDegrees(...bounds) } : {};
}

/** One provider a date of a layer; a single one where it has no dates. */
export function datedProviders(source: ExtraLayer): ImageryProvider[] {
  const frames = source.facts?.frames ?? [];
  if (frames.length < 2) return [tileProvider(source)];
  return frames.map(({ url }) => tileProvider({ ...source, url }));
}

/** The time from the first to the last date of a layer, null where it has none. */
export function datedPeriod({ facts }: ExtraLayer): TimeInterval | null {
  const times = facts?.frames.map(({ time }) => JulianDate.fromIso8601(time)) ?? [];
  const [start] = times;
  const stop = times.at(-1);
  return times.length < 2 || !start || !stop ? null : new TimeInterval({ start, stop });
}

/** The pictures of a layer, of which the one shows that is the latest at the clock's time. */
export class DatedImagery {
  readonly layers: readonly ImageryLayer[];
  readonly #scene: Scene;
  readonly #imagery: ImageryLayerCollection;
  readonly #times: readonly JulianDate[];
  readonly #unfollow: CesiumEvent.RemoveCallback;
  #shown = true;
  #current = 0;

  constructor(widget: CesiumWidget, source: ExtraLayer, providers: readonly ImageryProvider[]) {
    this.#scene = widget.scene;
    this.#imagery = widget.imageryLayers;
    this.#times = source.facts?.frames.map(({ time }) => JulianDate.fromIso8601(time)) ?? [];
    this.layers = providers.map((provider) => new ImageryLayer(provider));
    GROUPS.add(this.layers);
    for (const layer of this.layers) this.#imagery.add(layer);
    this.#unfollow = widget.clock.onTick.addEventListener(({ currentTime }: Clock) =>
      this.#follow(currentTime),
    );
    this.#write();
  }

  show(shown: boolean): void {
    this.#shown = shown;
    this.#write();
  }

  fade(opacity: number): void {
    for (const layer of this.layers) layer.alpha = opacity;
  }

  /** Move over what lies next above, with all its dates. */
  raise(): void {
    const above = this.#neighbour(1);
    for (let i = 0; i < above; i += 1) {
      for (const layer of [...this.layers].reverse()) this.#imagery.raise(layer);
    }
  }

  lower(): void {
    const below = this.#neighbour(-1);
    for (let i = 0; i < below; i += 1) {
      for (const layer of this.layers) this.#imagery.lower(layer);
    }
  }

  remove(): void {
    this.#unfollow();
    GROUPS.delete(this.layers);
    for (const layer of this.layers) this.#imagery.remove(layer);
  }

  #follow(now: JulianDate): void {
    if (this.#times.length < 2) return;
    const begun = this.#times.filter((time) => JulianDate.lessThanOrEquals(time, now)).length;
    const next = Math.max(begun - 1, 0);
    if (next === this.#current) return;
    this.#current = next;
    this.#write();
  }

  #write(): void {
    this.layers.forEach((layer, i) => {
      layer.show = this.#shown && i === this.#current;
    });
    // The globe asks for what a picture needs only some frames after it was told to show it.
    let frames = 0;
    const isThere = () => {
      frames += 1;
      return frames > FRAMES_TO_ASK && isGroundLoaded(this.#scene);
    };
    void drawnUntil(this.#scene, isThere, LONGEST_MS);
  }

  /** How many pictures the layer next above or below has. */
  #neighbour(step: 1 | -1): number {
    const edge = step > 0 ? this.layers.at(-1) : this.layers[0];
    if (edge === undefined) return 0;
    const at = this.#imagery.indexOf(edge) + step;
    if (at < 0 || at >= this.#imagery.length) return 0;
    const other = this.#imagery.get(at);
    return [...GROUPS].find((group) => group.includes(other))?.length ?? 1;
  }
}

const GROUPS = new Set<readonly ImageryLayer[]>();
