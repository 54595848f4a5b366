import { button } from "../controls";
import { byId, element } from "../dom";
import { text } from "../i18n";

/** The small card on which a tool says what to do and what came out. */
export class Card {
  readonly #node = byId("card");
  readonly #onClose: () => void;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  show(title: string, content: readonly Node[]): void {
    const close = button("×", () => this.#onClose());
    close.className = "icon";
    close.setAttribute("aria-label", text("close"));
    const header = element("header", {}, element("h2", {}, title), close);
    const body = element("div", { "aria-live": "polite" }, ...content);
    this.#node.replaceChildren(header, body);
    this.#node.hidden = false;
  }

  hide(): void {
    this.#node.hidden = true;
    this.#node.replaceChildren();
  }
}
