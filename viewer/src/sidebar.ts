import { button, choice, toggle } from "./controls";
import type { Dataset, LocatedPipe } from "./dataset";
import { byId, element } from "./dom";
import { language, text } from "./i18n";
import { pipeLegend, pointLegend } from "./legend";
import { pipeList } from "./pipe-list";
import type { PointColouring } from "./points";
import type { ViewState } from "./state";

/** What the sidebar asks the scene to do. */
export interface SidebarActions {
  readonly goHome: () => void;
  readonly choosePipe: (pipe: LocatedPipe) => void;
}

const MENU_CLOSED = "menu-closed";
const NARROW = "(max-width: 46rem)";

/** The controls; written anew on each change, with the keyboard's place kept. */
export function createSidebar(
  dataset: Dataset,
  hasLabels: boolean,
  state: ViewState,
  actions: SidebarActions,
): void {
  const sidebar = byId("sidebar");
  const top = element("header");
  const body = element("div", { class: "body" });
  sidebar.append(top, body);
  document.body.classList.toggle(MENU_CLOSED, matchMedia(NARROW).matches);
  const write = () => {
    document.documentElement.lang = language.value;
    document.title = [dataset.name, text("title")].filter((part) => part).join(" — ");
    keepPlace(sidebar, body, () => {
      top.replaceChildren(...titleBar(dataset, actions.goHome));
      body.replaceChildren(
        layers(state),
        pointSection(state, hasLabels),
        pipeSection(dataset, state),
        list(dataset, state, actions),
      );
    });
  };
  for (const followed of [language, state.pointColouring, state.pipeColouring, state.selected]) {
    (followed as { follow: (follower: () => void) => void }).follow(write);
  }
  write();
}

function titleBar(dataset: Dataset, goHome: () => void): HTMLElement[] {
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
  return [menu, title, button(text("home"), goHome), other];
}

function layers(state: ViewState): HTMLElement {
  return element(
    "section",
    { class: "layers", "aria-label": text("layers") },
    toggle(text("points"), state.showPoints),
    toggle(text("pipes"), state.showPipes),
    toggle(text("ground"), state.showGround),
  );
}

function pointSection(state: ViewState, hasLabels: boolean): HTMLElement {
  const options: [PointColouring, string][] = [
    ["rgb", text("rgb")],
    ["elevation", text("elevation")],
  ];
  if (hasLabels) options.push(["label", text("label")]);
  const section = element("section", {});
  section.append(choice(text("pointColour"), options, state.pointColouring));
  const legend = pointLegend(state.pointColouring.value);
  if (legend !== null) section.append(legend);
  return section;
}

function pipeSection(dataset: Dataset, state: ViewState): HTMLElement {
  const by = state.pipeColouring.value;
  return element(
    "section",
    {},
    choice(
      text("pipeColour"),
      [
        ["nominal", text("nominal")],
        ["quality", text("quality")],
      ],
      state.pipeColouring,
    ),
    pipeLegend(
      dataset.pipes.map(({ record }) => record),
      by,
    ),
  );
}

function list(dataset: Dataset, state: ViewState, actions: SidebarActions): HTMLElement {
  return pipeList({
    pipes: dataset.pipes,
    colouring: state.pipeColouring.value,
    selectedKey: state.selected.value?.key ?? null,
    onChoose: actions.choosePipe,
  });
}

// Elements are replaced one for one, except that a legend may come or go, which has no focus.
function keepPlace(root: HTMLElement, scrolled: HTMLElement, write: () => void): void {
  const focusable = () => [...root.querySelectorAll<HTMLElement>("button, input")];
  const index = focusable().indexOf(document.activeElement as HTMLElement);
  const { scrollTop } = scrolled;
  write();
  scrolled.scrollTop = scrollTop;
  if (index >= 0) focusable()[index]?.focus({ preventScroll: true });
}
