import { Cartesian3 } from "cesium";
import type { TilesetLink } from "../dataset";
import { element } from "../dom";
import { fixed, millimetres } from "../format";
import { text } from "../i18n";
import type { AxisPlace, PipeAxis } from "../pipe-axis";
import type { Signal } from "../signal";
import type { CrsJson } from "../site-details";
import type { Slab, SlicePoints, Slicer } from "../slice";
import { type Cut, riseOf, STEEP_RISE, sectionDrawing } from "./section-drawing";

const THICKNESSES_M = [0.02, 0.05, 0.1, 0.2] as const;
const FIRST_THICKNESS_M = 0.1;
const ASIDE_M = 0.9;
const BELOW_M = 0.25;
const ABOVE_M = 0.25;
/** Round a riser, which has no ground above it. */
const ROUND_STEEP_M = 0.5;
/** Sine of the angle to the vertical below which a pipe is upright. */
const UPRIGHT = 0.02;
const PAUSE_MS = 80;
/** Labels from here on are pipes. */
const FIRST_PIPE = 16;
/** Points of a pipe farther from the circle than this are its sockets or a neighbour's. */
const NEAR_M = 0.02;

/** What the section is cut from. */
export interface SectionSource {
  readonly axis: PipeAxis;
  readonly crs: CrsJson;
  readonly links: readonly TilesetLink[];
  readonly slicer: Slicer;
}

/** The cross-section of a pipe at the cursor: the slice's points and the fitted circle. */
export function sectionChart(
  source: SectionSource,
  cursor: Signal<number | null>,
): { readonly node: HTMLElement; readonly close: () => void } {
  const view = new SectionView(source);
  const slider = element("input", {
    type: "range",
    min: "0",
    max: source.axis.length.toFixed(2),
    step: "0.01",
    "aria-label": text("chainage"),
  });
  const thickness = element("select", { "aria-label": text("thickness") });
  for (const metres of THICKNESSES_M) {
    const option = element("option", { value: String(metres) }, `${fixed(100 * metres, 0)} cm`);
    option.selected = metres === FIRST_THICKNESS_M;
    thickness.append(option);
  }
  let timer = 0;
  const cut = () => {
    clearTimeout(timer);
    const at = cursor.value ?? source.axis.length / 2;
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", `${fixed(at, 2)} m`);
    timer = window.setTimeout(() => void view.show(at, Number(thickness.value)), PAUSE_MS);
  };
  slider.addEventListener("input", () => cursor.set(Number(slider.value)));
  thickness.addEventListener("change", cut);
  cursor.follow(cut);
  cut();
  const controls = element("div", { class: "controls" }, slider, thickness);
  const node = element("div", { class: "section" }, view.readout, view.frame, controls);
  return {
    node,
    close: () => {
      clearTimeout(timer);
      view.close();
      cursor.unfollow(cut);
    },
  };
}

class SectionView {
  readonly frame = element("div", { class: "chart", "aria-label": text("section"), role: "img" });
  readonly readout = element("p", { class: "readout", "aria-live": "polite" });
  readonly #source: SectionSource;
  readonly #observer = new ResizeObserver(() => this.#draw());
  #asked = 0;
  #cut: Cut | null = null;

  constructor(source: SectionSource) {
    this.#source = source;
    this.#observer.observe(this.frame);
  }

  close(): void {
    this.#asked += 1;
    this.#observer.disconnect();
  }

  async show(chainage: number, thickness: number): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const { axis, links, slicer } = this.#source;
    const place = axis.at(chainage);
    const radius = (place.diameter ?? axis.pipe.record.outer_diameter_m ?? 0) / 2;
    const slab = slabAt(axis, place, radius, thickness);
    this.frame.dataset.state = "loading";
    try {
      const points = await slicer.cut(links, slab);
      if (asked !== this.#asked) return;
      this.#cut = { place, radius, slab, points };
      this.frame.dataset.state = "ready";
      this.#draw();
    } catch (error) {
      if (asked === this.#asked) this.readout.textContent = `${text("noSlice")} ${String(error)}`;
    }
  }

  #draw(): void {
    const cut = this.#cut;
    const { width, height } = this.frame.getBoundingClientRect();
    if (cut === null || width < 80 || height < 60) return;
    this.frame.replaceChildren(...sectionDrawing(cut, this.#source.crs, width, height));
    this.readout.replaceChildren(...readings(cut, this.#source.axis));
  }
}

function slabAt(axis: PipeAxis, place: AxisPlace, radius: number, thickness: number): Slab {
  const along = axis.direction(place.chainage);
  const right = aside(along, place.up);
  const up = Cartesian3.cross(right, along, new Cartesian3());
  const ground = ((place.groundZ ?? place.crownZ + 0.5) - place.centreZ) / riseOf(up, place);
  const isSteep = riseOf(up, place) < STEEP_RISE;
  return {
    centre: place.centre,
    along,
    right,
    up,
    halfThickness: thickness / 2,
    halfWidth: Math.max(ASIDE_M, 4 * radius),
    below: radius + (isSteep ? ROUND_STEEP_M : BELOW_M),
    above: isSteep ? radius + ROUND_STEEP_M : Math.max(ground, radius) + ABOVE_M,
  };
}

/** Level and across the pipe; of an upright one, some level direction. */
function aside(along: Cartesian3, up: Cartesian3): Cartesian3 {
  const right = Cartesian3.cross(along, up, new Cartesian3());
  if (Cartesian3.magnitude(right) < UPRIGHT) Cartesian3.cross(along, Cartesian3.UNIT_Z, right);
  return Cartesian3.normalize(right, right);
}

function readings({ place, radius, points, slab }: Cut, axis: PipeAxis): Node[] {
  const { outer_diameter_m, outer_diameter_std_m } = axis.pipe.record;
  const rms = residual(points, radius);
  const pairs: [string, string][] = [
    [text("chainage"), `${fixed(place.chainage, 2)} m`],
    [text("diameterHere"), millimetres(2 * radius)],
    [text("diameterWhole"), millimetres(outer_diameter_m, outer_diameter_std_m)],
    [
      text("pointCount"),
      `${points.right.length.toLocaleString("en-US")} / ${fixed(200 * slab.halfThickness, 0)} cm`,
    ],
    [text("residual"), rms === null ? "—" : millimetres(rms)],
  ];
  return pairs.map(([name, value]) => element("span", {}, `${name} `, element("b", {}, value)));
}

/** Root mean square distance of the pipe's points from the circle, metres. */
function residual(points: SlicePoints, radius: number): number | null {
  const away = points.right.flatMap((right, i) => {
    if ((points.labels[i] ?? 0) < FIRST_PIPE) return [];
    const distance = Math.hypot(right, points.up[i] ?? 0) - radius;
    return Math.abs(distance) < NEAR_M ? [distance] : [];
  });
  if (away.length < 3) return null;
  return Math.sqrt(away.reduce((sum, metres) => sum + metres ** 2, 0) / away.length);
}
