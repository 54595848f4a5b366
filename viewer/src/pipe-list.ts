import type { LocatedPipe } from "./dataset";
import { element, swatch } from "./dom";
import { quantity } from "./format";
import { codeText, language, text } from "./i18n";
import { live } from "./live";
import { pipeColour } from "./palette";
import type { ViewState } from "./state";

/** A page with thousands of buttons is slow, and nobody reads them: search finds the rest. */
const MOST_SHOWN = 150;

/** The pipes by site as buttons, so that Tab and Enter reach each of them, and a search. */
export function pipeList(
  pipes: readonly LocatedPipe[],
  coverLimits: readonly number[],
  state: ViewState,
  onChoose: (pipe: LocatedPipe) => void,
): HTMLElement {
  const nav = element("nav");
  const search = element("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  search.addEventListener("input", () => state.search.set(search.value));
  const show = (value: string) => {
    if (search.value !== value) search.value = value;
  };
  state.search.follow(show);
  show(state.search.value);
  search.addEventListener("keydown", ({ key }) => {
    const [first] = found(pipes, state);
    if (key === "Enter" && first) onChoose(first);
  });
  const heading = element("h2");
  const label = () => {
    nav.setAttribute("aria-label", text("pipeList"));
    search.setAttribute("aria-label", text("search"));
    search.placeholder = text("search");
    heading.textContent = text("pipeList");
  };
  language.follow(label);
  label();
  const rows = live(
    element("div"),
    () => content(pipes, coverLimits, state, onChoose),
    language,
    state.pipeColouring,
    state.selected,
    state.search,
    state.filters.changed,
  );
  nav.append(heading, search, rows);
  return nav;
}

function found(pipes: readonly LocatedPipe[], state: ViewState): LocatedPipe[] {
  const wanted = state.search.value.trim().toLowerCase();
  return pipes.filter(({ record }) => {
    const names = `${record.pipe_id ?? ""}\n${record.site ?? ""}`.toLowerCase();
    return names.includes(wanted) && state.filters.shows(record);
  });
}

function content(
  pipes: readonly LocatedPipe[],
  coverLimits: readonly number[],
  state: ViewState,
  onChoose: (pipe: LocatedPipe) => void,
): Node[] {
  const all = found(pipes, state);
  const bySite = groupBySite(all.slice(0, MOST_SHOWN));
  const nodes: Node[] = [];
  const none = pipes.length === 0 ? "noPipes" : "noneFound";
  if (all.length === 0) nodes.push(element("p", { class: "note" }, text(none)));
  for (const [site, group] of bySite) {
    if (bySite.size > 1) nodes.push(element("h3", {}, site));
    const items = group.map((pipe) => element("li", {}, entry(pipe, coverLimits, state, onChoose)));
    nodes.push(element("ul", {}, ...items));
  }
  const left = all.length - MOST_SHOWN;
  if (left > 0) nodes.push(element("p", { class: "note" }, `+ ${left} ${text("morePipes")}`));
  return nodes;
}

function groupBySite(pipes: readonly LocatedPipe[]): Map<string, LocatedPipe[]> {
  const groups = new Map<string, LocatedPipe[]>();
  for (const pipe of pipes) {
    const site = pipe.record.site ?? "";
    const group = groups.get(site) ?? [];
    group.push(pipe);
    groups.set(site, group);
  }
  return groups;
}

function entry(
  pipe: LocatedPipe,
  coverLimits: readonly number[],
  state: ViewState,
  onChoose: (pipe: LocatedPipe) => void,
): HTMLElement {
  const { record } = pipe;
  const button = element("button", { type: "button", class: "pipe" });
  if (record.key === state.selected.value?.key) button.setAttribute("aria-current", "true");
  button.append(
    swatch(pipeColour(record, state.pipeColouring.value, coverLimits)),
    element("strong", {}, record.pipe_id ?? "—"),
    element("span", {}, summary(pipe)),
  );
  button.addEventListener("click", () => onChoose(pipe));
  return button;
}

function summary({ record }: LocatedPipe): string {
  const size = record.nominal_diameter_mm;
  const nominal = size === null ? text("undecided") : `φ${size}`;
  return [nominal, codeText(record.role), quantity(record.length_m, null, 1, "m")].join(" · ");
}
