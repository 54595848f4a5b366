import { type Cesium3DTileset, type Scene, SplitDirection } from "cesium";
import { element } from "../dom";
import { text } from "../i18n";
import { covered } from "../layout";
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
  readonly #curtain = element("div", { class: "curtain", role: "slider", tabindex: "0" });

  constructor(scene: Scene, card: Card, sides: () => readonly Side[]) {
    this.#scene = scene;
    this.#card = card;
    this.#sides = sides;
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
    const left = chooser(text("left"), sides, 0);
    const right = chooser(text("right"), sides, 1);
    const part = () => this.#part(sides[left.selectedIndex], sides[right.selectedIndex]);
    left.addEventListener("change", part);
    right.addEventListener("change", part);
    this.#card.show(text("swipe"), [
      element("label", { class: "field" }, text("left"), left),
      element("label", { class: "field" }, text("right"), right),
    ]);
    this.#moveTo(middleOfScene());
    part();
  }

  stop(): void {
    this.#curtain.remove();
    this.#part(undefined, undefined);
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
    this.#scene.requestRender();
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
