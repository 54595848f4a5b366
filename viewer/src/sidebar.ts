import { button, choice } from "./controls";
import type { Dataset, LocatedPipe } from "./dataset";
import { byId, element } from "./dom";
import { filterSection } from "./filter-section";
import { language, text } from "./i18n";
import { type IconName, icon } from "./icons";
import type { Extras } from "./layers/extras";
import { layerSection } from "./layers/layer-list";
import { MENU_CLOSED, NARROW } from "./layout";
import { pipeLegend, pointLegend } from "./legend";
import { live } from "./live";
import { look } from "./look";
import { PIPE_COLOURINGS, type PipeColouring } from "./palette";
import { pipeList } from "./pipe-list";
import type { PointColouring } from "./points";
import type { Signal } from "./signal";
import type { LayerId, ViewState } from "./state";

/** What the sidebar shows and asks for. */
export interface SidebarParts {
  readonly dataset: Dataset;
  readonly state: ViewState;
  readonly extras: Extras;
  readonly layers: readonly LayerId[];
  readonly colourings: Signal<readonly PointColouring[]>;
  readonly goHome: () => void;
  readonly choosePipe: (pipe: LocatedPipe) => void;
}

/** Everything to the left; each section is written anew when what it shows has changed. */
export function createSidebar(parts: SidebarParts): void {
  const { dataset, state, extras, layers } = parts;
  document.body.classList.toggle(MENU_CLOSED, matchMedia(NARROW).matches);
  const top = live(element("header"), () => titleBar(parts), language, look);
  const title = () => {
    document.documentElement.lang = language.value;
    document.title = [dataset.name, text("title")].filter((part) => part).join(" — ");
  };
  language.follow(title);
  title();
  const body = element(
    "div",
    { class: "body" },
    layerSection(state, extras, layers, dataset.extras),
    pointSection(parts),
    ...(dataset.pipes.length > 0 ? [pipeSection(parts), filterSection(state.filters)] : []),
    pipeList(dataset.pipes, dataset.coverLimits, state, parts.choosePipe),
  );
  byId("sidebar").append(top, body);
}

function titleBar({ dataset, goHome }: SidebarParts): HTMLElement[] {
  const { classList } = document.body;
  const menu = button("☰", () => {
    classList.toggle(MENU_CLOSED);
    menu.setAttribute("aria-expanded", String(!classList.contains(MENU_CLOSED)));
  });
  menu.setAttribute("aria-label", text("menu"));
  menu.setAttribute("aria-expanded", String(!classList.contains(MENU_CLOSED)));
  menu.className = "icon";
  const other = button(text("language"), () => language.set(language.value === "ja" ? "en" : "ja"));
  other.title = text("languageHint");
  const title = element("div", { class: "title" }, element("h1", {}, text("title")));
  title.append(element("p", {}, dataset.name));
  const dark = look.value === "dark";
  const bright = sign(dark ? "light" : "dark", text(dark ? "lightLook" : "darkLook"), () =>
    look.set(dark ? "light" : "dark"),
  );
  return [menu, title, sign("home", text("home"), goHome), bright, other];
}

/** A button with a picture, and a name for whoever doesn't see it. */
function sign(name: IconName, label: string, onClick: () => void): HTMLButtonElement {
  const made = button("", onClick);
  made.className = "icon wide";
  made.setAttribute("aria-label", label);
  made.title = label;
  made.append(icon(name));
  return made;
}

function pointSection({ dataset, state, colourings }: SidebarParts): HTMLElement {
  const write = () => {
    const options = colourings.value.map((name): [PointColouring, string] => [name, text(name)]);
    const legend = pointLegend(state.pointColouring.value, dataset.knowsGround);
    const row = choice(text("pointColour"), options, state.pointColouring);
    return legend === null ? [row] : [row, legend];
  };
  return live(element("section"), write, language, state.pointColouring, colourings);
}

function pipeSection({ dataset, state }: SidebarParts): HTMLElement {
  const records = dataset.pipes.map(({ record }) => record);
  const write = () => {
    const options = PIPE_COLOURINGS.map((name): [PipeColouring, string] => [name, text(name)]);
    return [
      choice(text("pipeColour"), options, state.pipeColouring),
      pipeLegend(records, state.pipeColouring.value, dataset.coverLimits),
    ];
  };
  return live(element("section"), write, language, state.pipeColouring);
}
