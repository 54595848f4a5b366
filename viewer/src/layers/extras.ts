import type { CesiumWidget } from "cesium";
import type { ExtraLayer } from "../catalog";
import { text } from "../i18n";
import { Signal } from "../signal";
import { type AddedLayer, addLayer } from "./extra";
import { mayAsk } from "./policy";

/** The layers beside those of the run, the uppermost first. */
export class Extras {
  readonly added = new Signal<readonly AddedLayer[]>([]);
  readonly #widget: CesiumWidget;
  readonly #onImagery: () => void;
  readonly #onFailed: (message: string) => void;

  /** `onImagery` is called when a layer comes that only shows on the globe. */
  constructor(widget: CesiumWidget, onImagery: () => void, onFailed: (message: string) => void) {
    this.#widget = widget;
    this.#onImagery = onImagery;
    this.#onFailed = onFailed;
  }

  async add(layer: ExtraLayer, data: unknown = layer.url): Promise<void> {
    const refusal = await refusalOf(layer.url);
    if (refusal !== null) {
      this.#onFailed(refusal);
      return;
    }
    try {
      const added = await addLayer(this.#widget, layer, data);
      if (added.isImagery) this.#onImagery();
      this.added.set([added, ...this.added.value]);
    } catch (error) {
      this.#onFailed(`${layer.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Say why something can't be added. */
  refuse(reason: string): void {
    this.#onFailed(reason);
  }

  remove(layer: AddedLayer): void {
    layer.remove();
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
}

/** What to say of an address that can't be asked; null for one that can. */
async function refusalOf(address: string): Promise<string | null> {
  if (address === "") return null;
  let url: URL;
  try {
    // `{s}` and the like stand for parts that are filled in later.
    url = new URL(address.replaceAll(/\{s\}/g, "a").replaceAll(/[{}]/g, ""), document.baseURI);
  } catch {
    return `${address}: ${text("noAddress")}`;
  }
  if (!["http:", "https:"].includes(url.protocol)) return `${address}: ${text("noAddress")}`;
  if (await mayAsk(url)) return null;
  return `${text("hostRefused")} twin-pipeline view OUT --allow-host ${url.host}`;
}
