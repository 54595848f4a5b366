import { byId, element } from "./dom";
import { language, text } from "./i18n";
import { type IconName, icon } from "./icons";
import { live } from "./live";
import { TOOLS, type ViewState } from "./state";

export const PRESETS = ["top", "side", "below"] as const;
export type Preset = (typeof PRESETS)[number];

/** What the toolbar's buttons do beside switching tools. */
export interface ToolbarActions {
  readonly look: (preset: Preset) => void;
  readonly screenshot: () => void;
  readonly share: () => void;
}

/** The row of tools above the scene. */
export function createToolbar(state: ViewState, actions: ToolbarActions): void {
  const bar = byId("toolbar");
  const write = () => {
    bar.setAttribute("aria-label", text("tools"));
    return [
      ...TOOLS.map((tool) => {
        const { value } = state.tools[tool];
        const made = action(tool, () => state.tools[tool].set(!value));
        made.setAttribute("aria-pressed", String(value));
        return made;
      }),
      action("screenshot", actions.screenshot),
      action("share", actions.share),
      element("span", { class: "gap" }),
      ...PRESETS.map((preset) => action(preset, () => actions.look(preset))),
    ];
  };
  live(bar, write, language, ...TOOLS.map((tool) => state.tools[tool]));
}

function action(name: IconName & Parameters<typeof text>[0], onClick: () => void) {
  const made = element("button", { type: "button" }, icon(name), element("span", {}, text(name)));
  made.addEventListener("click", onClick);
  return made;
}
