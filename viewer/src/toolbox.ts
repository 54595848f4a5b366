import { type Cartesian2, Cartesian3, type CesiumWidget } from "cesium";
import { byId, element } from "./dom";
import { text } from "./i18n";
import type { Extras } from "./layers/extras";
import { followMoves, type Picker } from "./pick";
import type { PipeAxis } from "./pipe-axis";
import { viewAsFragment } from "./share";
import type { Sites } from "./sites";
import { nearest, type Snap, snap } from "./snap";
import type { ToolId, ViewState } from "./state";
import type { Tilesets } from "./tilesets";
import { Card } from "./tools/card";
import { Coordinates } from "./tools/coordinates";
import { Drawing } from "./tools/drawing";
import { Measure } from "./tools/measure";
import { type Side, Swipe } from "./tools/swipe";

const ON_CARD = ["measure", "coordinates", "swipe"] as const satisfies readonly ToolId[];
const CURSOR_REACH_PX = 30;
const CURSOR_PAUSE_MS = 40;

/** What the tools work on. */
export interface ToolboxParts {
  readonly widget: CesiumWidget;
  readonly state: ViewState;
  readonly sites: Sites;
  readonly tilesets: Tilesets;
  readonly picker: Picker;
  readonly extras: Extras;
}

/** The tools that take clicks or the card; one of them at a time. */
export class Toolbox {
  readonly #parts: ToolboxParts;
  readonly #card: Card;
  readonly #measure: Measure;
  readonly #coordinates: Coordinates;
  readonly #swipe: Swipe;
  readonly #drawing: Drawing;
  readonly #cursor: Drawing;

  constructor(parts: ToolboxParts) {
    const { widget, state } = parts;
    this.#parts = parts;
    this.#drawing = new Drawing(widget);
    this.#cursor = new Drawing(widget);
    this.#card = new Card(() => this.#closeAll());
    this.#measure = new Measure(this.#drawing, this.#card, () => this.#frame());
    this.#coordinates = new Coordinates(this.#drawing, this.#card);
    this.#swipe = new Swipe(widget.scene, this.#card, () => this.#sides(), state.curtain);
    for (const tool of ON_CARD) {
      state.tools[tool].follow((on) => this.#switch(tool, on));
      // A link may have switched one on before it was there.
      if (tool !== "swipe" && state.tools[tool].value) this.#switch(tool, true);
    }
    this.#followCursor();
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#active) return;
      event.preventDefault();
      this.#closeAll();
    });
  }

  /** Hang the curtain of a link, once the layers that it may part have come. */
  resume(): void {
    if (this.#parts.state.tools.swipe.value) this.#switch("swipe", true);
  }

  /** Take a click; false where no tool wants it. */
  click(at: Cartesian2): boolean {
    const { tools } = this.#parts.state;
    if (!tools.measure.value && !tools.coordinates.value) return false;
    const found = this.#snap(at);
    if (found === null) return true;
    if (tools.measure.value) this.#measure.click(found);
    else this.#coordinates.click(found, this.#parts.sites.at(found.position));
    return true;
  }

  /** Show a link to the present view, and put it into the address bar. */
  share(): void {
    const { widget, state, extras } = this.#parts;
    const fragment = viewAsFragment(widget, state, extras.shared());
    history.replaceState(null, "", `#${fragment}`);
    const field = element("input", { type: "text", readonly: "", "aria-label": text("share") });
    field.value = location.href;
    const copied = element("p", { class: "note" }, text("shareNote"));
    this.#card.show(text("share"), [field, copied, ...limitsOf(extras)]);
    field.select();
    const done = () => {
      copied.textContent = `${text("copied")} ${text("shareNote")}`;
    };
    navigator.clipboard?.writeText(field.value).then(done, () => field.select());
  }

  get #active(): boolean {
    return ON_CARD.some((tool) => this.#parts.state.tools[tool].value);
  }

  #switch(tool: (typeof ON_CARD)[number], on: boolean): void {
    const { tools } = this.#parts.state;
    const tasks = { measure: this.#measure, coordinates: this.#coordinates, swipe: this.#swipe };
    document.body.classList.toggle("aiming", tools.measure.value || tools.coordinates.value);
    if (on) {
      if (tool !== "swipe") this.#handKeyboardOver();
      for (const other of ON_CARD) if (other !== tool) tools[other].set(false);
      tasks[tool].start();
      return;
    }
    if (tool === "swipe") this.#swipe.stop();
    this.#drawing.clear();
    if (!this.#active) this.#card.hide();
  }

  /** Who has switched a tool on by a key wants to aim next. */
  #handKeyboardOver(): void {
    const { canvas } = this.#parts.widget.scene;
    if (byId("toolbar").contains(document.activeElement)) canvas.focus({ preventScroll: true });
  }

  #closeAll(): void {
    for (const tool of ON_CARD) this.#parts.state.tools[tool].set(false);
    this.#card.hide();
  }

  #snap(at: Cartesian2): Snap | null {
    const { widget, picker, sites } = this.#parts;
    const groundAt = (lon: number, lat: number) => sites.groundAt(lon, lat);
    return snap(widget.scene, picker, { axes: () => sites.axes, groundAt }, at);
  }

  #frame() {
    const { sites, widget } = this.#parts;
    return sites.at(widget.camera.positionWC)?.frame ?? null;
  }

  #sides(): Side[] {
    const { tilesets, extras, widget } = this.#parts;
    const { opened } = tilesets;
    const names = [...new Set(opened.map(({ link }) => link.site))];
    const scans = names.map(
      (site): Side => ({
        name: `${text("points")} ${site ?? ""}`,
        tilesets: opened
          .filter(({ link }) => link.layer === "points" && link.site === site)
          .map(({ tileset }) => tileset),
      }),
    );
    const pipes: Side = { name: text("pipes"), tilesets: tilesets.of("pipes") };
    const others = extras.added.value.flatMap((layer): Side[] =>
      layer.tilesets.length > 0 ? [{ name: layer.source.name, tilesets: layer.tilesets }] : [],
    );
    const sides = [...scans, ...others, pipes].filter((side) => side.tilesets.length > 0);
    return nearestTwoFirst(sides, widget.camera.positionWC);
  }

  /** The charts' cursor in the scene, and the scene's pointer in the charts. */
  #followCursor(): void {
    const { widget, state, sites } = this.#parts;
    let axis: PipeAxis | null = null;
    const draw = () => {
      this.#cursor.clear();
      const { value: at } = state.chainage;
      if (axis === null || at === null || !this.#chartsOpen) return;
      const { crown, ground } = axis.at(at);
      this.#cursor.point(crown);
      if (ground !== null) this.#cursor.line([crown, ground] satisfies Cartesian3[]);
    };
    const choose = async () => {
      const pipe = state.selected.value;
      axis = pipe === null ? null : await sites.axisOf(pipe);
      draw();
    };
    state.selected.follow(() => void choose());
    state.chainage.follow(draw);
    state.tools.profile.follow(draw);
    state.tools.section.follow(draw);
    followMoves(widget.scene.canvas, CURSOR_PAUSE_MS, (at) => {
      if (axis === null || !this.#chartsOpen) return;
      const found = nearest(widget.scene, [axis], at, ({ crown }) => crown, CURSOR_REACH_PX);
      if (found !== null) state.chainage.set(found.place.chainage);
    });
  }

  get #chartsOpen(): boolean {
    const { profile, section } = this.#parts.state.tools;
    return profile.value || section.value;
  }
}

/** What a link can't carry, and where it does not lead. */
function limitsOf(extras: Extras): HTMLElement[] {
  const lacking = extras.dropped.map(({ layer }) => element("li", {}, layer.name));
  const limits = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)
    ? [element("p", { class: "note" }, text("shareLocal"))]
    : [];
  if (lacking.length === 0) return limits;
  const said = element("p", { class: "caution" }, text("shareLacks"));
  return [said, element("ul", { class: "caution" }, ...lacking), ...limits];
}

/** Of many scans, those that are looked at; the two of one place in the order of their names. */
function nearestTwoFirst(sides: readonly Side[], from: Cartesian3): Side[] {
  const distance = ({ tilesets }: Side) =>
    Math.min(
      ...tilesets.map(({ boundingSphere: { center } }) => Cartesian3.distance(center, from)),
    );
  const near = new Set([...sides].sort((a, b) => distance(a) - distance(b)).slice(0, 2));
  const scans = sides.filter((side) => near.has(side));
  return sides.length < 4 ? [...sides] : [...scans, ...sides.filter((side) => !near.has(side))];
}
