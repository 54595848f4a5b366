import { element } from "../dom";
import { deviation, fixed } from "../format";
import { heightName, text } from "../i18n";
import type { AxisPlace, PipeAxis, Station } from "../pipe-axis";
import type { Signal } from "../signal";
import type { CrsJson } from "../site-details";
import { decimalsOf, linear, points, type Scale, svg, ticks } from "../svg";

const MARGIN = { left: 58, right: 16, top: 12, bottom: 34 };
const KEY_STEP_M = 0.1;

interface Scales {
  readonly x: Scale;
  readonly y: Scale;
  readonly width: number;
  readonly height: number;
}

/** The longitudinal profile of a pipe; its cursor is shared with the scene. */
export function profileChart(
  axis: PipeAxis,
  crs: CrsJson,
  cursor: Signal<number | null>,
): { readonly node: HTMLElement; readonly close: () => void } {
  const readout = element("p", { class: "readout", "aria-live": "polite" });
  const frame = element("div", { class: "chart", role: "slider", tabindex: "0" });
  frame.setAttribute("aria-label", text("profile"));
  frame.setAttribute("aria-valuemin", "0");
  frame.setAttribute("aria-valuemax", axis.length.toFixed(2));
  let scales: Scales | null = null;
  let line: SVGGElement | null = null;

  const follow = () => {
    const at = cursor.value;
    const place = at === null ? null : axis.at(at);
    const nodes = place === null ? [text("profileHint")] : readings(place);
    readout.replaceChildren(...nodes, ...unseen(axis));
    frame.setAttribute("aria-valuenow", fixed(at ?? 0, 2));
    frame.setAttribute("aria-valuetext", place === null ? "" : (readout.textContent ?? ""));
    if (scales && line) line.replaceChildren(...(place === null ? [] : cursorMarks(place, scales)));
  };
  const draw = () => {
    const { width, height } = frame.getBoundingClientRect();
    if (width < 120 || height < 60) return;
    scales = makeScales(axis, width, height);
    line = svg("g", { class: "cursor" });
    frame.replaceChildren(drawing(axis, crs, scales, line));
    follow();
  };
  const observer = new ResizeObserver(draw);
  observer.observe(frame);
  cursor.follow(follow);
  follow();
  move(frame, axis, cursor, () => scales);
  const node = element("div", { class: "profile" }, readout, frame);
  return { node, close: () => [observer.disconnect(), cursor.unfollow(follow)] };
}

function move(
  frame: HTMLElement,
  axis: PipeAxis,
  cursor: Signal<number | null>,
  scales: () => Scales | null,
): void {
  const clamp = (chainage: number) => Math.min(axis.length, Math.max(0, chainage));
  frame.addEventListener("pointermove", (event) => {
    const left = frame.getBoundingClientRect().left;
    const at = scales()?.x.invert(event.clientX - left);
    if (at !== undefined) cursor.set(clamp(at));
  });
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -KEY_STEP_M,
    ArrowRight: KEY_STEP_M,
    PageDown: -1,
    PageUp: 1,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };
  frame.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    cursor.set(clamp((cursor.value ?? 0) + step));
  });
}

function readings(place: AxisPlace): Node[] {
  const rows: [string, string, line?: string][] = [
    [text("chainage"), `${fixed(place.chainage, 2)} m`],
    [text("groundLevel"), metresOr(place.groundZ), "ground"],
    [text("crown"), metresOr(place.crownZ), "crown"],
    [text("centre"), metresOr(place.centreZ), "centre"],
    [text("cover"), metresOr(place.cover, place.coverStd)],
  ];
  const nodes: Node[] = rows.map(([name, value, line]) => {
    const made = element("span", {}, `${name} `, element("b", {}, value));
    if (line !== undefined) made.prepend(key(line));
    return made;
  });
  if (!place.observed) nodes.push(element("span", { class: "warn" }, text("interpolated")));
  return nodes;
}

/** What the shaded stretches mean, where there are any. */
function unseen({ stations }: PipeAxis): Node[] {
  if (stations.every(({ observed }) => observed)) return [];
  const patch = element("span", { class: "patch", "aria-hidden": "true" });
  return [element("span", { class: "meaning" }, patch, text("notSeen"))];
}

/** A piece of a line of the chart. */
function key(line: string): SVGSVGElement {
  return svg(
    "svg",
    { class: "key", width: 18, height: 8, viewBox: "0 0 18 8", "aria-hidden": "true" },
    svg("polyline", { class: line, points: "0,4 18,4" }),
  );
}

function metresOr(value: number | null, std: number | null = null): string {
  if (value === null) return "—";
  return `${fixed(value, 3)}${std === null ? "" : ` ± ${deviation(std, 3)}`} m`;
}

function makeScales(axis: PipeAxis, width: number, height: number): Scales {
  const radius = (axis.pipe.record.outer_diameter_m ?? 0) / 2;
  const levels = axis.stations.flatMap((station) =>
    [station.groundZ, station.crownZ, station.centreZ - radius].filter((z) => z !== null),
  );
  const [low, high] = [Math.min(...levels), Math.max(...levels)];
  const pad = Math.max(0.05, 0.08 * (high - low));
  return {
    width,
    height,
    x: linear([0, axis.length], [MARGIN.left, width - MARGIN.right]),
    y: linear([low - pad, high + pad], [height - MARGIN.bottom, MARGIN.top]),
  };
}

function drawing(axis: PipeAxis, crs: CrsJson, scales: Scales, cursor: SVGGElement): SVGSVGElement {
  const { width, height } = scales;
  const { stations } = axis;
  const radius = (axis.pipe.record.outer_diameter_m ?? 0) / 2;
  const label = `${text("profile")} ${axis.pipe.record.pipe_id ?? ""}`;
  const grounds = stations.filter(({ groundZ }) => groundZ !== null);
  return svg(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    grid(scales, crs),
    area(
      scales,
      stations,
      (s) => s.crownZ,
      (s) => s.centreZ - radius,
      "pipe-band",
    ),
    area(
      scales,
      grounds,
      (s) => s.groundZ ?? 0,
      (s) => s.crownZ,
      "cover-band",
    ),
    ...hidden(axis, scales),
    path(scales, grounds, (s) => s.groundZ ?? 0, "ground"),
    path(scales, stations, (s) => s.crownZ, "crown"),
    path(scales, stations, (s) => s.centreZ, "centre"),
    ...fittings(axis, scales),
    cursor,
  );
}

function grid({ x, y, width, height }: Scales, crs: CrsJson): SVGGElement {
  const group = svg("g", { class: "grid" });
  const bottom = height - MARGIN.bottom;
  const along = ticks(0, x.invert(width - MARGIN.right), width / 70);
  for (const at of along) {
    group.append(
      svg("line", { x1: x(at), x2: x(at), y1: MARGIN.top, y2: bottom }),
      svg(
        "text",
        { x: x(at), y: bottom + 14, "text-anchor": "middle" },
        fixed(at, decimalsOf(along)),
      ),
    );
  }
  const up = ticks(y.invert(bottom), y.invert(MARGIN.top), height / 40);
  for (const at of up) {
    group.append(
      svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(at), y2: y(at) }),
      svg(
        "text",
        { x: MARGIN.left - 6, y: y(at) + 4, "text-anchor": "end" },
        fixed(at, decimalsOf(up)),
      ),
    );
  }
  const exaggeration = Math.abs(y(1) - y(0)) / Math.abs(x(1) - x(0));
  group.append(
    svg(
      "text",
      { x: width - MARGIN.right, y: height - 4, "text-anchor": "end", class: "axis" },
      `${text("chainage")} (m) · ${text("exaggeration")} ×${fixed(exaggeration, 1)}`,
    ),
    svg(
      "text",
      {
        x: 4,
        y: MARGIN.top + 2,
        class: "axis",
        transform: `rotate(-90 12 ${MARGIN.top})`,
        "text-anchor": "end",
      },
      `${heightName(crs)} (m)`,
    ),
  );
  return group;
}

type Level = (station: Station) => number;

function path({ x, y }: Scales, stations: readonly Station[], level: Level, name: string) {
  const places = stations.map((s): [number, number] => [x(s.chainage), y(level(s))]);
  return svg("polyline", { class: name, points: points(places) });
}

function area(
  { x, y }: Scales,
  stations: readonly Station[],
  top: Level,
  low: Level,
  name: string,
) {
  const upper = stations.map((s): [number, number] => [x(s.chainage), y(top(s))]);
  const lower = stations.map((s): [number, number] => [x(s.chainage), y(low(s))]).reverse();
  return svg("polygon", { class: name, points: points([...upper, ...lower]) });
}

/** Stretches between stations where the pipe was not seen. */
function hidden({ stations }: PipeAxis, { x, height }: Scales): SVGElement[] {
  return stations.slice(1).flatMap((station, i) => {
    const before = stations[i];
    if (before === undefined || (station.observed && before.observed)) return [];
    const [from, to] = [x(before.chainage), x(station.chainage)];
    return svg("rect", {
      class: "hidden",
      x: from,
      width: Math.max(1, to - from),
      y: MARGIN.top,
      height: height - MARGIN.top - MARGIN.bottom,
    });
  });
}

function fittings(axis: PipeAxis, { x, y }: Scales): SVGElement[] {
  return axis.fittings.map((fitting) => {
    const at = axis.at(fitting.chainage_m);
    const mark = svg("circle", {
      class: `fitting ${["joint", "bend", "tee", "end"].includes(fitting.kind) ? fitting.kind : ""}`,
      cx: x(at.chainage),
      cy: y(at.centreZ),
      r: 4,
    });
    const where = metresOr(fitting.chainage_m, fitting.chainage_std_m ?? null);
    const branch = fitting.branch_id ? ` · ${text("branchPipe")} ${fitting.branch_id}` : "";
    mark.append(svg("title", {}, `${text(kindKey(fitting.kind))} ${where}${branch}`));
    return mark;
  });
}

function kindKey(kind: string): "joint" | "bend" | "tee" | "end" {
  return kind === "bend" || kind === "tee" || kind === "end" ? kind : "joint";
}

function cursorMarks(place: AxisPlace, { x, y, height }: Scales): SVGElement[] {
  const at = x(place.chainage);
  const marks: SVGElement[] = [
    svg("line", { x1: at, x2: at, y1: MARGIN.top, y2: height - MARGIN.bottom }),
    svg("circle", { cx: at, cy: y(place.crownZ), r: 4 }),
  ];
  if (place.groundZ !== null) marks.push(svg("circle", { cx: at, cy: y(place.groundZ), r: 4 }));
  return marks;
}
