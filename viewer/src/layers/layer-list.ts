import { button, shareSlider, toggle } from "../controls";
import { element, swatch } from "../dom";
import { codeText, language, text } from "../i18n";
import { live } from "../live";
import { FITTING_COLOURS } from "../markers";
import type { Signal } from "../signal";
import type { LayerId, ViewState } from "../state";
import { addForm } from "./add-form";
import type { AddedLayer } from "./extra";
import type { ExtraLayer } from "./extra-layer";
import type { Extras } from "./extras";

/** The layers with their visibility, opacity and order. */
export function layerSection(
  state: ViewState,
  extras: Extras,
  offered: readonly LayerId[],
  catalogue: readonly ExtraLayer[],
): HTMLElement {
  const own = live(element("ul", { class: "layers" }), () => ownRows(state, offered), language);
  const added = live(
    element("ul", { class: "layers" }),
    () => extras.added.value.map((layer) => addedRow(layer, extras)),
    language,
    extras.added,
  );
  const section = element("section", {}, element("h2"), added, own);
  const label = () => {
    section.setAttribute("aria-label", text("layers"));
    section.firstElementChild?.replaceChildren(text("layers"));
  };
  language.follow(label);
  label();
  section.append(addForm(extras, catalogue));
  return section;
}

function ownRows(state: ViewState, offered: readonly LayerId[]): Node[] {
  const rows: Node[] = offered.map((id) => {
    const { shown, opacity } = state.layers[id];
    const slider = shareSlider(`${text(id)} ${text("opacity")}`, opacity);
    const row = element("li", {}, toggle(text(id), shown), slider);
    if (id === "joints") row.append(fittingLegend(shown));
    return row;
  });
  if (!offered.includes("ground")) return rows;
  return [...rows, element("li", {}, toggle(text("openTrench"), state.trenchOpen))];
}

/** What the colours of joints, bends, tees and ends mean, while they are shown. */
function fittingLegend(shown: Signal<boolean>): HTMLElement {
  const kinds = Object.entries(FITTING_COLOURS);
  const items = kinds.map(([kind, colour]) => element("li", {}, swatch(colour), codeText(kind)));
  const legend = element("ul", { class: "legend" }, ...items);
  return live(element("div", { class: "whole" }), () => (shown.value ? [legend] : []), shown);
}

function addedRow(layer: AddedLayer, extras: Extras): Node {
  const { name, attribution, legend, facts } = layer.source;
  const slider = shareSlider(`${name} ${text("opacity")}`, layer.opacity);
  const tool = (label: string, sign: string, onClick: () => void) => {
    const made = button(sign, onClick);
    made.className = "icon";
    made.setAttribute("aria-label", `${name} ${label}`);
    made.title = label;
    return made;
  };
  const row = element(
    "li",
    { class: "extra" },
    toggle(name, layer.shown),
    slider,
    tool(text("raise"), "↑", () => extras.move(layer, true)),
    tool(text("lower"), "↓", () => extras.move(layer, false)),
    tool(text("remove"), "×", () => extras.remove(layer)),
  );
  if (facts?.legendTitle && legend.length > 1) {
    row.append(element("p", { class: "note" }, facts.legendTitle));
  }
  const notes = legend.map(({ title, colour }) => element("li", {}, swatch(colour), title));
  if (notes.length > 0) row.append(element("ul", { class: "legend" }, ...notes));
  for (const [label, said] of [
    [text("attribution"), attribution],
    [text("licence"), facts?.licence],
  ]) {
    if (said) row.append(element("p", { class: "note" }, `${label}: ${said}`));
  }
  return row;
}
