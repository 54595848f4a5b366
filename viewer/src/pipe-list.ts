import type { LocatedPipe } from "./dataset";
import { element, swatch } from "./dom";
import { quantity } from "./format";
import { codeText, text } from "./i18n";
import { type PipeColouring, pipeColour } from "./palette";

/** What the list needs to know to be written. */
export interface PipeListState {
  readonly pipes: readonly LocatedPipe[];
  readonly colouring: PipeColouring;
  readonly selectedKey: string | null;
  readonly onChoose: (pipe: LocatedPipe) => void;
}

/** The pipes by site as buttons, so that Tab and Enter reach each of them. */
export function pipeList(state: PipeListState): HTMLElement {
  const bySite = groupBySite(state.pipes);
  const nav = element("nav", { "aria-label": text("pipeList") });
  nav.append(element("h2", {}, text("pipeList")));
  if (bySite.size === 0) nav.append(element("p", { class: "note" }, text("noPipes")));
  for (const [site, pipes] of bySite) {
    if (bySite.size > 1) nav.append(element("h3", {}, site));
    const items = pipes.map((pipe) => element("li", {}, entry(pipe, state)));
    nav.append(element("ul", {}, ...items));
  }
  return nav;
}

function groupBySite(pipes: readonly LocatedPipe[]): Map<string, LocatedPipe[]> {
  const groups = new Map<string, LocatedPipe[]>();
  for (const pipe of pipes) {
    const site = pipe.record.site ?? "";
    groups.set(site, [...(groups.get(site) ?? []), pipe]);
  }
  return groups;
}

function entry(pipe: LocatedPipe, state: PipeListState): HTMLElement {
  const { record } = pipe;
  const button = element("button", { type: "button", class: "pipe" });
  if (record.key === state.selectedKey) button.setAttribute("aria-current", "true");
  button.append(
    swatch(pipeColour(record, state.colouring)),
    element("strong", {}, record.pipe_id ?? "—"),
    element("span", {}, summary(pipe)),
  );
  button.addEventListener("click", () => state.onChoose(pipe));
  return button;
}

function summary({ record }: LocatedPipe): string {
  const size = record.nominal_diameter_mm;
  const nominal = size === null ? text("undecided") : `φ${size}`;
  return [nominal, codeText(record.role), quantity(record.length_m, null, 1, "m")].join(" · ");
}
