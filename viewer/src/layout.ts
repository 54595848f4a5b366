export const MENU_CLOSED = "menu-closed";
/** The same width as in style.css. */
export const NARROW = "(max-width: 46rem)";

/** Pixels of the scene that are covered along its edges. */
export interface Covered {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
}

/** What the sidebar, the panel and the charts cover now; the sidebar also before it is drawn. */
export function covered(): Covered {
  const { documentElement, body } = document;
  const rem = Number.parseFloat(getComputedStyle(documentElement).fontSize);
  const narrow = matchMedia(NARROW).matches;
  const side = narrow || body.classList.contains(MENU_CLOSED) ? 0 : SIDEBAR_REM * rem;
  const panel = box("panel");
  const dock = box("dock");
  const below = Math.max(dock.height, narrow ? dock.height + panel.height : 0);
  return { left: side, right: narrow ? 0 : panel.width, bottom: below };
}

const SIDEBAR_REM = 21.75;

function box(id: string): DOMRect {
  return document.getElementById(id)?.getBoundingClientRect() ?? new DOMRect();
}
