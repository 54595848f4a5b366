import { Cartesian3 } from "cesium";
import type { TilesetLink } from "../dataset";
import { element } from "../dom";
import { fixed, millimetres } from "../format";
import { heightName, text } from "../i18n";
import type { AxisPlace, PipeAxis } from "../pipe-axis";
import type { Signal } from "../signal";
import type { CrsJson } from "../site-details";
import type { Slab, SlicePoints, Slicer } from "../slice";
import { decimalsOf, linear, type Scale, svg, ticks } from "../svg";

const THICKNESSES_M = [0.02, 0.05, 0.1, 0.2] as const;
const FIRST_THICKNESS_M = 0.1;
const MARGIN = { left: 46, right: 10, top: 10, bottom: 26 };
const ASIDE_M = 0.9;
const BELOW_M = 0.25;
const ABOVE_M = 0.25;
const PAUSE_MS = 80;
/** What a letter of a mark takes at most. */
const LETTER_PX = 7;
/** From this width on there is room to say all of the axes. */
const ROOMY_PX = 380;
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

interface Cut {
  readonly place: AxisPlace;
  readonly radius: number;
  readonly slab: Slab;
  readonly points: SlicePoints;
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
    const [x, y] = equalScales(cut, width, height);
    const canvas = drawPoints(cut, width, height, x, y);
    this.frame.replaceChildren(canvas, overlay(cut, this.#source.crs, width, height, x, y));
    this.readout.replaceChildren(...readings(cut, this.#source.axis));
  }
}

function slabAt(axis: PipeAxis, place: AxisPlace, radius: number, thickness: number): Slab {
  const along = axis.direction(place.chainage);
  const right = Cartesian3.cross(along, place.up, new Cartesian3());
  Cartesian3.normalize(right, right);
  const rise = (place.groundZ ?? place.crownZ + 0.5) - place.centreZ;
  return {
    centre: place.centre,
    along,
    right,
    up: Cartesian3.cross(right, along, new Cartesian3()),
    halfThickness: thickness / 2,
    halfWidth: Math.max(ASIDE_M, 4 * radius),
    below: radius + BELOW_M,
    above: Math.max(rise, radius) + ABOVE_M,
  };
}

function equalScales({ slab }: Cut, width: number, height: number): [Scale, Scale] {
  const inner = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom] as const;
  const metres = [2 * slab.halfWidth, slab.below + slab.above] as const;
  const perMetre = Math.min(inner[0] / metres[0], inner[1] / metres[1]);
  const middle = MARGIN.left + inner[0] / 2;
  const half = inner[0] / 2 / perMetre;
  const bottom = height - MARGIN.bottom;
  return [
    linear([-half, half], [middle - inner[0] / 2, middle + inner[0] / 2]),
    linear([-slab.below, inner[1] / perMetre - slab.below], [bottom, MARGIN.top]),
  ];
}

function drawPoints({ points }: Cut, width: number, height: number, x: Scale, y: Scale) {
  const ratio = window.devicePixelRatio || 1;
  const canvas = element("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return canvas;
  context.scale(ratio, ratio);
  points.right.forEach((right, i) => {
    const [r, g, b] = [0, 1, 2].map((channel) => points.colours[3 * i + channel] ?? 0);
    context.fillStyle = `rgb(${r} ${g} ${b})`;
    context.fillRect(x(right) - 0.8, y(points.up[i] ?? 0) - 0.8, 1.6, 1.6);
  });
  return canvas;
}

function overlay(cut: Cut, crs: CrsJson, width: number, height: number, x: Scale, y: Scale) {
  const { place, radius } = cut;
  const perMetre = Math.abs(x(1) - x(0));
  const made = svg("svg", {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "aria-hidden": "true",
  });
  made.append(
    grid(place, crs, width, height, x, y),
    svg("circle", { class: "fit", cx: x(0), cy: y(0), r: radius * perMetre }),
    svg("path", { class: "fit", d: `M${x(0) - 5} ${y(0)}h10M${x(0)} ${y(0) - 5}v10` }),
  );
  if (place.groundZ !== null && place.cover !== null) made.append(coverMark(place, width, x, y));
  const label = `φ ${fixed(2000 * radius, 1)} mm`;
  made.append(markText(label, x(radius) + 6, y(-radius / 2), width));
  return made;
}

function grid(place: AxisPlace, crs: CrsJson, width: number, height: number, x: Scale, y: Scale) {
  const group = svg("g", { class: "grid" });
  const bottom = height - MARGIN.bottom;
  const aside = ticks(x.invert(MARGIN.left), x.invert(width - MARGIN.right), width / 60);
  for (const at of aside) {
    group.append(
      svg("line", { x1: x(at), x2: x(at), y1: MARGIN.top, y2: bottom }),
      svg(
        "text",
        { x: x(at), y: bottom + 13, "text-anchor": "middle" },
        fixed(at, decimalsOf(aside)),
      ),
    );
  }
  const zero = place.centreZ;
  const levels = ticks(zero + y.invert(bottom), zero + y.invert(MARGIN.top), height / 36);
  for (const at of levels) {
    group.append(
      svg("line", {
        x1: MARGIN.left,
        x2: width - MARGIN.right,
        y1: y(at - zero),
        y2: y(at - zero),
      }),
      svg(
        "text",
        { x: MARGIN.left - 5, y: y(at - zero) + 4, "text-anchor": "end" },
        fixed(at, decimalsOf(levels)),
      ),
    );
  }
  group.append(
    svg(
      "text",
      { class: "axis", x: width - MARGIN.right, y: height - 3, "text-anchor": "end" },
      width < ROOMY_PX ? text("acrossShort") : `${text("acrossAxis")} · ${heightName(crs)} (m)`,
    ),
  );
  return group;
}

/** Ground level, and the cover as a dimension line from there to the crown. */
function coverMark(place: AxisPlace, width: number, x: Scale, y: Scale): SVGGElement {
  const ground = y((place.groundZ ?? 0) - place.centreZ);
  const crown = y(place.crownZ - place.centreZ);
  const middle = (ground + crown) / 2;
  const value = fixed(place.cover, 3);
  const std = place.coverStd === null ? null : `± ${fixed(place.coverStd, 3)} m`;
  const whole = std === null ? `${value} m` : `${value} ${std}`;
  const fits = x(0) + 8 + whole.length * LETTER_PX < width;
  const lines = fits || std === null ? [whole] : [`${value} m`, std];
  return svg(
    "g",
    { class: "dimension" },
    svg("line", {
      class: "ground",
      x1: MARGIN.left,
      x2: width - MARGIN.right,
      y1: ground,
      y2: ground,
    }),
    svg("line", { x1: x(0), x2: x(0), y1: ground, y2: crown }),
    svg("path", { d: `M${x(0) - 4} ${ground + 7}l4 -7l4 7M${x(0) - 4} ${crown - 7}l4 7l4 -7` }),
    ...[text("cover"), ...lines].map((line, i) =>
      markText(line, x(0) + 8, middle - 3 + 14 * i, width),
    ),
  );
}

/** A text that begins at x, or where it would be cut off ends at the chart's edge. */
function markText(line: string, x: number, y: number, width: number): SVGTextElement {
  const fits = x + line.length * LETTER_PX < width;
  const place = fits ? { x } : { x: width - 2, "text-anchor": "end" };
  return svg("text", { class: "mark", ...place, y }, line);
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
