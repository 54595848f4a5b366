import { button } from "./controls";
import type { TilesetLink } from "./dataset";
import { byId, element } from "./dom";
import { language, text } from "./i18n";
import type { PipeAxis } from "./pipe-axis";
import type { PipeRecord } from "./record";
import type { CrsJson } from "./site-details";
import { Slicer } from "./slice";
import type { ViewState } from "./state";
import { profileChart } from "./tools/profile";
import { sectionChart } from "./tools/section";

/** What the charts are drawn from. */
export interface DockSource {
  readonly axisOf: (pipe: PipeRecord) => Promise<PipeAxis | null>;
  readonly crsOf: (pipe: PipeRecord) => Promise<CrsJson | null>;
  readonly pointLinks: readonly TilesetLink[];
}

/** The charts of the selected pipe along the lower edge. */
export function createDock(state: ViewState, source: DockSource): void {
  const dock = byId("dock");
  const slicer = new Slicer();
  const { profile, section } = state.tools;
  let closers: (() => void)[] = [];
  let asked = 0;
  const write = async () => {
    asked += 1;
    const mine = asked;
    for (const close of closers) close();
    closers = [];
    const pipe = state.selected.value;
    const wanted = (profile.value || section.value) && pipe !== null;
    dock.hidden = !wanted;
    document.body.classList.toggle("dock-open", wanted);
    if (!wanted) {
      dock.replaceChildren();
      return;
    }
    const [axis, crs] = await Promise.all([source.axisOf(pipe), source.crsOf(pipe)]);
    if (mine !== asked) return;
    if (axis === null || crs === null) {
      dock.replaceChildren(element("p", { class: "note" }, text("noStations")));
      return;
    }
    const panes: HTMLElement[] = [];
    if (profile.value) {
      const chart = profileChart(axis, crs, state.chainage);
      closers.push(chart.close);
      panes.push(
        pane(`${text("profile")} ${pipe.pipe_id ?? ""}`, chart.node, () => profile.set(false)),
      );
    }
    if (section.value) {
      if (state.chainage.value === null) state.chainage.set(axis.length / 2);
      const links = source.pointLinks.filter(({ site }) => site === pipe.site);
      const chart = sectionChart({ axis, crs, links, slicer }, state.chainage);
      closers.push(chart.close);
      panes.push(
        pane(`${text("section")} ${pipe.pipe_id ?? ""}`, chart.node, () => section.set(false)),
      );
    }
    dock.replaceChildren(...panes);
  };
  const rewrite = () => void write();
  for (const signal of [profile, section]) signal.follow(rewrite);
  state.selected.follow(rewrite);
  language.follow(rewrite);
}

function pane(title: string, chart: HTMLElement, onClose: () => void): HTMLElement {
  const close = button("×", onClose);
  close.className = "icon";
  close.setAttribute("aria-label", `${title} ${text("close")}`);
  const header = element("header", {}, element("h2", {}, title), close);
  return element("section", { class: "pane", "aria-label": title }, header, chart);
}
