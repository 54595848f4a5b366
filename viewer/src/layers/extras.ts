import type { CesiumWidget } from "cesium";
import { reasonOf } from "../fetch-json";
import { text } from "../i18n";
import type { SharedLayers } from "../share";
import { Signal } from "../signal";
import type { Offered } from "./drop";
import { type AddedLayer, addLayer } from "./extra";
import type { ExtraLayer } from "./extra-layer";
import { foreignOrigins, isConsented, mayAsk } from "./policy";

const LONGEST_WAIT_MS = 60_000;

/** What becomes of what a layer needs and says. */
export interface ExtrasHost {
  /** A layer has come that only shows on the globe. */
  readonly onImagery: () => void;
  readonly onFailed: (message: string) => void;
  /** A layer's name while it is being loaded, then null. */
  readonly onLoading: (name: string | null) => void;
  /** The page may not ask these hosts yet. */
  readonly onForeign: (layer: ExtraLayer, origins: readonly string[]) => void;
}

/** The layers beside those of the run, the uppermost first. */
export class Extras {
  readonly added = new Signal<readonly AddedLayer[]>([]);
  readonly #widget: CesiumWidget;
  readonly #host: ExtrasHost;
  readonly #dropped = new Map<AddedLayer, unknown>();

  constructor(widget: CesiumWidget, host: ExtrasHost) {
    this.#widget = widget;
    this.#host = host;
  }

  async add(layer: ExtraLayer, data: unknown = layer.url): Promise<void> {
    const origins = foreignOrigins(layer);
    if (origins === null) {
      this.#host.onFailed(`${layer.url}: ${text("noAddress")}`);
      return;
    }
    const refused = await without(origins);
    if (refused.length > 0) {
      if (refused.every(isConsented)) this.#host.onFailed(`${text("hostRefused")} ${refused}`);
      else this.#host.onForeign(layer, refused);
      return;
    }
    await this.#load(layer, data);
  }

  /** Say why something can't be added. */
  refuse(reason: string): void {
    this.#host.onFailed(reason);
  }

  remove(layer: AddedLayer): void {
    layer.remove();
    this.#dropped.delete(layer);
    this.added.set(this.added.value.filter((other) => other !== layer));
  }

  move(layer: AddedLayer, up: boolean): void {
    const order = [...this.added.value];
    const from = order.indexOf(layer);
    const to = from + (up ? -1 : 1);
    if (from < 0 || to < 0 || to >= order.length) return;
    order.splice(to, 0, ...order.splice(from, 1));
    if (up) layer.raise?.();
    else layer.lower?.();
    this.added.set(order);
    this.#widget.scene.requestRender();
  }

  /** The layers of an address as they are now, the lowest first, so that adding them gives this. */
  get addressed(): readonly ExtraLayer[] {
    const kept = this.added.value.filter(({ source }) => source.url !== "");
    return kept
      .map(({ source, opacity, shown }) => ({
        ...source,
        opacity: opacity.value,
        shown: shown.value,
      }))
      .reverse();
  }

  /** Show the layers of an address as a link says; false where they are others, or in another order. */
  adopt(wanted: readonly ExtraLayer[]): boolean {
    const present = this.added.value.filter(({ source }) => source.url !== "").reverse();
    const same = (a: ExtraLayer, b?: ExtraLayer) => b !== undefined && keyOf(a) === keyOf(b);
    if (wanted.length !== present.length) return false;
    if (!present.every(({ source }, i) => same(source, wanted[i]))) return false;
    present.forEach((layer, i) => {
      layer.shown.set(wanted[i]?.shown ?? true);
      layer.opacity.set(wanted[i]?.opacity ?? 1);
    });
    return true;
  }

  removeAddressed(): void {
    for (const layer of this.added.value) if (layer.source.url !== "") this.remove(layer);
  }

  /** What a link says of the layers, and of some that are still to come. */
  shared(coming: readonly ExtraLayer[] = []): SharedLayers {
    const isDated = this.added.value.some(({ period }) => period !== null);
    return { layers: [...this.addressed, ...coming], isDated };
  }

  /** The layers of files, with their content. */
  get dropped(): readonly Offered[] {
    return [...this.#dropped].map(([{ source }, data]) => ({ layer: source, data }));
  }

  async #load(layer: ExtraLayer, data: unknown): Promise<void> {
    const failed = (reason: string) => this.#host.onFailed(`${layer.name}: ${reason}`);
    try {
      this.#host.onLoading(layer.name);
      const added = await inTime(addLayer(this.#widget, layer, data, failed));
      this.#host.onLoading(null);
      if (added.isImagery) this.#host.onImagery();
      if (layer.url === "") this.#dropped.set(added, data);
      this.added.set([added, ...this.added.value]);
    } catch (error) {
      this.#host.onLoading(null);
      failed(reasonOf(error));
    }
  }
}

/** A host that says nothing keeps no other layer waiting; what it sends later is not shown. */
function inTime(coming: Promise<AddedLayer>): Promise<AddedLayer> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new Error(text("noAnswer")));
    }, LONGEST_WAIT_MS);
    coming
      .then((layer) => (late ? layer.remove() : resolve(layer)), reject)
      .finally(() => clearTimeout(timer));
  });
}

/** What a layer is, however it is shown. */
export function keyOf({ kind, url, wmsLayers }: ExtraLayer): string {
  return [kind, url, wmsLayers].join("\n");
}

async function without(origins: readonly string[]): Promise<string[]> {
  const allowed = await Promise.all(origins.map(mayAsk));
  return origins.filter((_, i) => !allowed[i]);
}
