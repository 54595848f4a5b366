import { button } from "../controls";
import { element } from "../dom";
import { text } from "../i18n";
import type { ExtraLayer } from "./extra-layer";
import { consent } from "./policy";

/** Asks the user before the page may load layers from other hosts, all in one question. */
export class ConsentQuestion {
  readonly #layers: ExtraLayer[] = [];
  readonly #origins = new Set<string>();
  readonly #dialog = element("dialog", { class: "question" });
  readonly #reopen: (layers: readonly ExtraLayer[]) => void;

  /** `reopen` is to load the page anew with these layers besides those that it has. */
  constructor(reopen: (layers: readonly ExtraLayer[]) => void) {
    this.#reopen = reopen;
    this.#dialog.addEventListener("close", () => this.#forget());
    document.body.append(this.#dialog);
  }

  ask(layer: ExtraLayer, origins: readonly string[]): void {
    this.#layers.push(layer);
    for (const origin of origins) this.#origins.add(origin);
    const allow = button(text("allowHost"), () => this.#allow());
    allow.className = "primary";
    allow.autofocus = true;
    const hosts = [...this.#origins].map((origin) => element("li", {}, origin));
    this.#dialog.setAttribute("aria-label", text("askHost"));
    this.#dialog.replaceChildren(
      element("h2", {}, text("askHost")),
      element("ul", {}, ...hosts),
      element("p", { class: "note" }, text("askHostNote")),
      element(
        "div",
        { class: "actions" },
        allow,
        button(text("cancel"), () => this.#dialog.close()),
      ),
    );
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  #allow(): void {
    consent([...this.#origins]);
    const layers = [...this.#layers];
    this.#dialog.close();
    this.#reopen(layers);
  }

  #forget(): void {
    this.#layers.length = 0;
    this.#origins.clear();
  }
}
