import { Cartesian3 } from "cesium";
import { element } from "../dom";
import { deviation, fixed } from "../format";
import { heightName, text } from "../i18n";
import type { AxisPlace } from "../pipe-axis";
import type { CrsJson } from "../site-details";
import type { Slab, SlicePoints } from "../slice";
import { decimalsOf, linear, type Scale, svg, ticks } from "../svg";

const MARGIN = { left: 46, right: 10, top: 10, bottom: 36 };
/** What a letter of a mark takes at most. */
const LETTER_PX = 7;
/** From this width on there is room to say all of the axes. */
const ROOMY_PX = 380;
/** What a metre up in the section rises at least; below, levels mean nothing in it. */
export const STEEP_RISE = 0.7;

/** A slice of the points at a place of a pipe. */
export interface Cut {
  readonly place: AxisPlace;
  readonly radius: number;
  readonly slab: Slab;
  readonly points: SlicePoints;
}

/** What a metre up in a section rises: 1 where the pipe is level, 0 where it is upright. */
export function riseOf(up: Cartesian3, place: AxisPlace): number {
  return Cartesian3.dot(up, place.up);
}

/** The slice's points, and over them the fitted circle, levels and the cover. */
export function sectionDrawing(cut: Cut, crs: CrsJson, width: number, height: number): Element[] {
  const [x, y] = equalScales(cut, width, height);
  return [drawPoints(cut, width, height, x, y), overlay(cut, crs, width, height, x, y)];
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
  const rise = riseOf(cut.slab.up, place);
  const isSteep = rise < STEEP_RISE;
  const perMetre = Math.abs(x(1) - x(0));
  const made = svg("svg", {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "aria-hidden": "true",
  });
  made.append(
    isSteep
      ? grid(0, 1, text("acrossBoth"), width, height, x, y)
      : grid(place.centreZ, rise, axisName(crs, width), width, height, x, y),
    svg("circle", { class: "fit", cx: x(0), cy: y(0), r: radius * perMetre }),
    svg("path", { class: "fit", d: `M${x(0) - 5} ${y(0)}h10M${x(0)} ${y(0) - 5}v10` }),
  );
  if (!isSteep && place.groundZ !== null && place.cover !== null) {
    made.append(coverMark(place, rise, width, x, y));
  }
  const label = `φ ${fixed(2000 * radius, 1)} mm`;
  made.append(markText(label, x(radius) + 6, y(-radius / 2), width));
  return made;
}

function axisName(crs: CrsJson, width: number): string {
  return width < ROOMY_PX ? text("acrossShort") : `${text("acrossAxis")} · ${heightName(crs)} (m)`;
}

/** Lines at round numbers; `zero` is what the pipe's centre is called upwards, `rise` a metre. */
function grid(
  zero: number,
  rise: number,
  name: string,
  width: number,
  height: number,
  x: Scale,
  y: Scale,
) {
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
  const [low, high] = [bottom, MARGIN.top].map((edge) => zero + rise * y.invert(edge));
  const levels = ticks(low ?? 0, high ?? 0, height / 36);
  for (const at of levels) {
    group.append(
      svg("line", {
        x1: MARGIN.left,
        x2: width - MARGIN.right,
        y1: y((at - zero) / rise),
        y2: y((at - zero) / rise),
      }),
      svg(
        "text",
        { x: MARGIN.left - 5, y: y((at - zero) / rise) + 4, "text-anchor": "end" },
        fixed(at, decimalsOf(levels)),
      ),
    );
  }
  group.append(
    svg(
      "text",
      { class: "axis", x: width - MARGIN.right, y: height - 2, "text-anchor": "end" },
      name,
    ),
  );
  return group;
}

/** Ground level, and the cover as a dimension line from there to the crown. */
function coverMark(place: AxisPlace, rise: number, width: number, x: Scale, y: Scale): SVGGElement {
  const ground = y(((place.groundZ ?? 0) - place.centreZ) / rise);
  const crown = y(place.crownZ - place.centreZ);
  const middle = (ground + crown) / 2;
  const value = fixed(place.cover, 3);
  const std = place.coverStd === null ? null : `± ${deviation(place.coverStd, 3)} m`;
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
