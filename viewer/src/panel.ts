import { button } from "./controls";
import { byId, element, swatch } from "./dom";
import { featureContent } from "./feature-panel";
import { count, metres, metresFromTo, millimetres, percent, quantity } from "./format";
import { codeText, heightName, language, text } from "./i18n";
import type { Mark } from "./markers";
import { qualityColour } from "./palette";
import type { PipeAxis } from "./pipe-axis";
import type { PipeRecord } from "./record";
import type { CrsJson } from "./site-details";
import type { ViewState } from "./state";

type Row = readonly [label: string, value: string];

/** What the panel can ask for beside the attributes themselves. */
export interface PanelParts {
  readonly state: ViewState;
  readonly axisOf: (pipe: PipeRecord) => Promise<PipeAxis | null>;
  readonly crsOf: (pipe: PipeRecord) => Promise<CrsJson | null>;
  readonly flyTo: (pipe: PipeRecord) => void;
  /** Why a pipe's quality is what it is, in Japanese where that is known. */
  readonly reasonJa: (pipe: PipeRecord) => string | null;
  /** Address of the report, null where there is none. */
  readonly report: string | null;
}

/** Shows the attributes of the selected pipe and mark; Escape or the button closes it. */
export function createPanel(parts: PanelParts): void {
  const { state } = parts;
  const panel = byId("panel");
  const write = () => {
    const { value: pipe } = state.selected;
    const { value: feature } = state.feature;
    const shown = pipe !== null || feature !== null;
    panel.hidden = !shown;
    panel.removeAttribute("aria-busy");
    document.body.classList.toggle("panel-open", shown);
    panel.replaceChildren();
    if (!shown) return;
    panel.setAttribute("aria-labelledby", "panel-title");
    if (pipe === null) {
      if (feature !== null) panel.append(...featureContent(feature, () => deselect(state)));
      return;
    }
    panel.append(...content(pipe, parts));
    const { value: mark } = state.mark;
    if (mark !== null) void addMark(panel, pipe, mark, parts);
  };
  state.selected.follow(write);
  state.mark.follow(write);
  state.feature.follow(write);
  language.follow(write);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) deselect(state);
  });
}

function deselect({ mark, selected, feature }: ViewState): void {
  feature.set(null);
  mark.set(null);
  selected.set(null);
}

function content(pipe: PipeRecord, parts: PanelParts): Node[] {
  return [
    header(pipe, parts.state),
    qualityOf(pipe, parts.reasonJa(pipe)),
    actions(pipe, parts),
    section(text("size"), [
      [text("outerDiameter"), millimetres(pipe.outer_diameter_m, pipe.outer_diameter_std_m)],
      [text("nominalDiameter"), nominal(pipe)],
      [text("material"), codeText(pipe.material)],
      [text("length"), metres(pipe.length_m)],
    ]),
    section(text("cover"), [
      [text("minimum"), metres(pipe.cover_min_m, pipe.cover_std_m)],
      [text("mean"), metres(pipe.cover_mean_m, pipe.cover_std_m)],
      [text("maximum"), metres(pipe.cover_max_m, pipe.cover_std_m)],
    ]),
    section(text("elevations"), [
      [text("crown"), metresFromTo(pipe.crown_z_start_m, pipe.crown_z_end_m)],
      [text("centre"), metresFromTo(pipe.centre_z_start_m, pipe.centre_z_end_m)],
    ]),
    section(text("accuracy"), [
      [text("horizontal"), plusMinus(pipe.position_std_h_m)],
      [text("vertical"), plusMinus(pipe.position_std_v_m)],
    ]),
    section(text("basis"), [
      [text("arc"), quantity(pipe.arc_deg, null, 0, "°")],
      [text("residual"), millimetres(pipe.fit_rms_m)],
      [text("pointCount"), count(pipe.points)],
      [text("observed"), percent(pipe.observed_fraction)],
    ]),
    element("p", { class: "note" }, text("sigma")),
  ];
}

function header(pipe: PipeRecord, state: ViewState): HTMLElement {
  const close = button("×", () => deselect(state));
  close.className = "icon";
  close.setAttribute("aria-label", text("close"));
  const title = element("h2", { id: "panel-title" }, pipe.pipe_id ?? "—");
  const subtitle = [codeText(pipe.role), pipe.site].filter((part) => part).join(" · ");
  return element(
    "header",
    {},
    element("div", { class: "title" }, title, element("p", {}, subtitle)),
    close,
  );
}

function actions(pipe: PipeRecord, { state, flyTo, report }: PanelParts): HTMLElement {
  const row = element(
    "div",
    { class: "actions" },
    button(text("fly"), () => flyTo(pipe)),
    button(text("profile"), () => state.tools.profile.set(true)),
    button(text("section"), () => state.tools.section.set(true)),
  );
  if (report !== null) {
    row.append(reportLink(report, pipe, null));
  }
  return row;
}

/** A link to a pipe's row in the report, or to that of a station: the ids of report/anchors.py. */
function reportLink(report: string, pipe: PipeRecord, chainage: number | null): HTMLElement {
  const parts = ["pipe", pipe.site ?? "", pipe.pipe_id ?? ""].map(encodeURIComponent);
  if (chainage !== null) parts.push(chainage.toFixed(3));
  const href = `${report}#${parts.join("/")}`;
  return element("a", { href, target: "_blank", rel: "noopener" }, text("report"));
}

async function addMark(
  panel: HTMLElement,
  pipe: PipeRecord,
  mark: Mark,
  parts: PanelParts,
): Promise<void> {
  panel.setAttribute("aria-busy", "true");
  const [axis, crs] = await Promise.all([parts.axisOf(pipe), parts.crsOf(pipe)]);
  const stillShown = parts.state.mark.value === mark && parts.state.selected.value === pipe;
  if (!stillShown) return;
  panel.removeAttribute("aria-busy");
  if (axis === null || crs === null) return;
  const made = markSection(mark, axis, crs);
  if (parts.report !== null) {
    const at = chainageOf(mark);
    const [first = at, ...others] = axis.stations.map(({ chainage }) => chainage);
    const nearer = (a: number, b: number) => (Math.abs(b - at) < Math.abs(a - at) ? b : a);
    const link = reportLink(parts.report, pipe, others.reduce(nearer, first));
    made.append(element("div", { class: "actions" }, link));
  }
  panel.querySelector(".actions")?.after(made);
}

function chainageOf(mark: Mark): number {
  return mark.kind === "station" ? mark.chainage : mark.fitting.chainage_m;
}

function markSection(mark: Mark, axis: PipeAxis, crs: CrsJson): HTMLElement {
  const chainage = chainageOf(mark);
  const place = axis.at(chainage);
  const chainageStd = mark.kind === "fitting" ? (mark.fitting.chainage_std_m ?? null) : null;
  const rows: Row[] = [[text("chainage"), metres(chainage, chainageStd)]];
  if (mark.kind === "fitting") {
    const { kind, angle_deg, catalogue_angle_deg, radius_m, branch_id } = mark.fitting;
    rows.unshift([text("kind"), codeText(kind)]);
    if (branch_id) rows.push([text("branchPipe"), branch_id]);
    const angle = text(kind === "tee" ? "teeAngle" : "angle");
    if (angle_deg !== null) rows.push([angle, quantity(angle_deg, null, 2, "°")]);
    if (catalogue_angle_deg !== null) {
      rows.push([text("catalogueAngle"), quantity(catalogue_angle_deg, null, 2, "°")]);
    }
    if (radius_m !== null) rows.push([text("bendRadius"), metres(radius_m)]);
  }
  rows.push(
    [text("cover"), metres(place.cover, place.coverStd)],
    [text("groundLevel"), metres(place.groundZ)],
    [text("crown"), metres(place.crownZ)],
    [text("centre"), metres(place.centreZ)],
    [text("outerDiameter"), millimetres(place.diameter)],
    [`${text("northing")} X`, metres(place.northing)],
    [`${text("easting")} Y`, metres(place.easting)],
    [text("heights"), heightName(crs)],
    [text("observed"), text(place.observed ? "yes" : "interpolated")],
  );
  if (place.offset !== null) rows.push([text("boundaryOffset"), metres(place.offset)]);
  const title = mark.kind === "station" ? text("station") : codeText(mark.fitting.kind);
  const made = section(title, rows);
  made.className = "marked";
  return made;
}

function qualityOf(pipe: PipeRecord, reasonJa: string | null): HTMLElement {
  const badge = element("strong", {}, swatch(qualityColour(pipe.quality)));
  badge.append(`${text("quality")} ${codeText(pipe.quality)}`);
  const reason = language.value === "ja" ? (reasonJa ?? pipe.quality_reason) : pipe.quality_reason;
  return element("p", { class: "quality", tabindex: "0" }, badge, ` ${reason ?? ""}`);
}

function nominal(pipe: PipeRecord): string {
  const { nominal_diameter_mm: size, nominal_probability: probability } = pipe;
  if (size === null) return text("undecided");
  const sure = probability === null ? "" : ` (${text("probability")} ${nearlySure(probability)})`;
  return `${size} mm${sure}`;
}

// A catalogue decision is never certain, however it is rounded.
function nearlySure(probability: number): string {
  return probability >= 0.9995 ? "> 99.9 %" : percent(probability, 1);
}

function plusMinus(stdM: number | null): string {
  return stdM === null ? "—" : `± ${millimetres(stdM)}`;
}

function section(title: string, rows: readonly Row[]): HTMLElement {
  const list = element("dl");
  for (const [label, value] of rows) {
    list.append(element("div", {}, element("dt", {}, label), element("dd", {}, value)));
  }
  return element("section", {}, element("h3", {}, title), list);
}
