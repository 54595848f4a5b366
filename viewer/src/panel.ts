import { byId, element, swatch } from "./dom";
import { count, metres, metresFromTo, millimetres, percent, quantity } from "./format";
import { codeText, language, text } from "./i18n";
import { qualityColour } from "./palette";
import type { PipeRecord } from "./record";
import type { Signal } from "./signal";

type Row = readonly [label: string, value: string];

/** Shows the attributes of the selected pipe; Escape or the button closes it. */
export function createPanel(selected: Signal<PipeRecord | null>): void {
  const panel = byId("panel");
  const write = () => {
    const pipe = selected.value;
    panel.hidden = pipe === null;
    panel.replaceChildren(...(pipe === null ? [] : content(pipe, () => selected.set(null))));
    if (pipe !== null) panel.setAttribute("aria-labelledby", "panel-title");
  };
  selected.follow(write);
  language.follow(write);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") selected.set(null);
  });
}

function content(pipe: PipeRecord, close: () => void): Node[] {
  return [
    header(pipe, close),
    qualityOf(pipe),
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

function header(pipe: PipeRecord, close: () => void): HTMLElement {
  const button = element("button", { type: "button", class: "icon", "aria-label": text("close") });
  button.append("×");
  button.addEventListener("click", close);
  const title = element("h2", { id: "panel-title" }, pipe.pipe_id ?? "—");
  const subtitle = [codeText(pipe.role), pipe.site].filter((part) => part).join(" · ");
  return element(
    "header",
    {},
    element("div", { class: "title" }, title, element("p", {}, subtitle)),
    button,
  );
}

function qualityOf(pipe: PipeRecord): HTMLElement {
  const badge = element("strong", {}, swatch(qualityColour(pipe.quality)));
  badge.append(`${text("quality")} ${codeText(pipe.quality)}`);
  return element("p", { class: "quality" }, badge, ` ${pipe.quality_reason ?? ""}`);
}

function nominal(pipe: PipeRecord): string {
  const { nominal_diameter_mm: size, nominal_probability: probability } = pipe;
  if (size === null) return text("undecided");
  const sure = probability === null ? "" : ` (${text("probability")} ${percent(probability, 1)})`;
  return `${size}${sure}`;
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
