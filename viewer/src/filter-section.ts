import { button } from "./controls";
import { element } from "./dom";
import type { Filter, Filters } from "./filters";
import { fixed } from "./format";
import { language, text } from "./i18n";
import { live } from "./live";

/** Sliders that sift the pipes by their numbers. */
export function filterSection(filters: Filters): HTMLElement {
  return live(element("details", { class: "filters" }), () => content(filters), language);
}

function content(filters: Filters): Node[] {
  const rows = filters.all.map((filter) => row(filter));
  const reset = button(text("resetFilters"), () => filters.reset());
  return [element("summary", {}, text("filters")), ...rows, reset];
}

function row(filter: Filter): HTMLElement {
  const { field, whole, range, decimals, unit } = filter;
  const step = String(10 ** -decimals);
  const [low, high] = [text("from"), text("to")].map((end) =>
    element("input", {
      type: "range",
      min: String(whole[0]),
      max: String(whole[1]),
      step,
      "aria-label": `${text(field)} ${end}`,
    }),
  ) as [HTMLInputElement, HTMLInputElement];
  const shown = element("output");
  const write = () => {
    const [from, to] = range.value;
    [low.value, high.value] = [String(from), String(to)];
    shown.textContent = `${fixed(from, decimals)} – ${fixed(to, decimals)} ${unit}`;
  };
  low.addEventListener("input", () => {
    range.set([Math.min(Number(low.value), range.value[1]), range.value[1]]);
  });
  high.addEventListener("input", () => {
    range.set([range.value[0], Math.max(Number(high.value), range.value[0])]);
  });
  range.follow(write);
  write();
  const ends = element("div", { class: "ends2" }, low, high);
  return element("div", { class: "filter" }, element("span", {}, text(field)), shown, ends);
}
