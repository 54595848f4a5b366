import { type Cesium3DTileset, type Scene, SplitDirection } from "cesium";
import { element } from "../dom";
import { text } from "../i18n";
import { covered } from "../layout";
import type { Signal } from "../signal";
import type { Curtain } from "../state";
import type { Card } from "./card";

/** Something that can be shown on one side of the curtain only. */
export interface Side {
  readonly name: string;
  readonly tilesets: readonly Cesium3DTileset[];
}

const KEY_STEP = 0.02;

/** A curtain: one scan to its left, another to its right. */
export class Swipe {
  readonly #scene: Scene;
  readonly #card: Card;
  readonly #sides: () => readonly Side[];
  readonly #chosen: Signal<Curtain>;
  readonly #curtain = element("div", { class: "curtain", role: "slider", tabindex: "0" });

  /** `chosen` keeps what is parted and where, for links. */
  constructor(scene: Scene, card: Card, sides: () => readonly Side[], chosen: Signal<Curtain>) {
    this.#scene = scene;
    this.#card = card;
    this.#sides = sides;
    this.#chosen = chosen;
    this.#curtain.append(element("span", { "aria-hidden": "true" }, "⇔"));
    this.#followPointer();
    this.#followKeys();
  }

  start(): void {
    const sides = this.#sides();
    const [first, second] = sides;
    if (first === undefined || second === undefined) {
      this.#card.show(text("swipe"), [element("p", {}, text("swipeNeedsTwo"))]);
      return;
    }
    document.body.append(this.#curtain);
    this.#curtain.setAttribute("aria-label", text("curtain"));
    const before = this.#chosen.value;
    const at = (name: string | null, other: number) => {
      const found = sides.findIndex((side) => side.name === name);
      return found < 0 ? other : found;
    };
    const left = chooser(text("left"), sides, at(before.left, 0));
    const right = chooser(text("right"), sides, at(before.right, 1));
    const part = () => {
      const [one, other] = [sides[left.selectedIndex], sides[right.selectedIndex]];
      this.#part(one, other);
      this.#keep({ left: one?.name ?? null, right: other?.name ?? null });
    };
    left.addEventListener("change", part);
    right.addEventListener("change", part);
    this.#card.show(text("swipe"), [
      element("label", { class: "field" }, text("left"), left),
      element("label", { class: "field" }, text("right"), right),
    ]);
    this.#moveTo(before.at ?? middleOfScene());
    part();
  }

  stop(): void {
    this.#curtain.remove();
    this.#part(undefined, undefined);
    // Hung anew it is to be in the middle of what is free then.
    this.#keep({ at: null });
  }

  #part(left: Side | undefined, right: Side | undefined): void {
    for (const { tilesets } of this.#sides()) turn(tilesets, SplitDirection.NONE);
    if (left !== right) {
      turn(left?.tilesets ?? [], SplitDirection.LEFT);
      turn(right?.tilesets ?? [], SplitDirection.RIGHT);
    }
    this.#scene.requestRender();
  }

  #moveTo(share: number): void {
    const place = Math.min(0.98, Math.max(0.02, share));
    this.#scene.splitPosition = place;
    this.#curtain.style.left = `${100 * place}%`;
    this.#curtain.setAttribute("aria-valuenow", String(Math.round(100 * place)));
    this.#keep({ at: place });
    this.#scene.requestRender();
  }

  #keep(changed: Partial<Curtain>): void {
    this.#chosen.set({ ...this.#chosen.value, ...changed });
  }

  #followPointer(): void {
    this.#curtain.addEventListener("pointerdown", (event) => {
      this.#curtain.setPointerCapture(event.pointerId);
    });
    this.#curtain.addEventListener("pointermove", (event) => {
      if (event.buttons !== 0) this.#moveTo(event.clientX / window.innerWidth);
    });
  }

  #followKeys(): void {
    this.#curtain.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowLeft") this.#moveTo(this.#scene.splitPosition - KEY_STEP);
      if (key === "ArrowRight") this.#moveTo(this.#scene.splitPosition + KEY_STEP);
    });
  }
}

/** In the middle of what sidebar and panel leave free, as a share of the window's width. */
function middleOfScene(): number {
  const { left, right } = covered();
  return 0.5 + (left - right) / 2 / window.innerWidth;
}

function turn(tilesets: readonly Cesium3DTileset[], direction: SplitDirection): void {
  for (const tileset of tilesets) tileset.splitDirection = direction;
}

function chooser(label: string, sides: readonly Side[], chosen: number): HTMLSelectElement {
  const select = element("select", { "aria-label": label });
  sides.forEach(({ name }, i) => {
    const option = element("option", {}, name);
    option.selected = i === chosen;
    select.append(option);
  });
  return select;
}
