import { button } from "./controls";
import { element } from "./dom";
import { text } from "./i18n";
import type { FeatureInfo } from "./layers/attributes";

/** What the panel shows of a feature of an added layer. */
export function featureContent(feature: FeatureInfo, onClose: () => void): Node[] {
  const { layer, title, rows, more, description } = feature;
  const close = button("×", onClose);
  close.className = "icon";
  close.setAttribute("aria-label", text("close"));
  const heading = element("h2", { id: "panel-title" }, title ?? text("feature"));
  const names = element("div", { class: "title" }, heading, element("p", {}, layer));
  const list = element("dl", { class: "free" });
  for (const [name, value] of rows) {
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  }
  const section = element("section", {}, element("h3", {}, text("properties")));
  if (description !== null) section.append(element("p", { class: "text" }, description));
  if (rows.length > 0) section.append(list);
  if (more > 0)
    section.append(element("p", { class: "note" }, `${more} ${text("moreProperties")}`));
  if (rows.length === 0 && description === null) {
    section.append(element("p", { class: "note" }, text("noProperties")));
  }
  return [element("header", {}, names, close), section];
}
