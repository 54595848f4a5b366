export const MENU_CLOSED = "menu-closed";
/** The same width as in style.css. */
export const NARROW = "(max-width: 46rem)";

/** Here the panel lies below the scene; the same width as in style.css. */
const PANEL_BELOW = "(max-width: 56rem)";

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
  const panel = edges("panel");
  const dock = edges("dock");
  if (matchMedia(PANEL_BELOW).matches) {
    return { left: side, right: 0, bottom: Math.max(dock.bottom, panel.bottom) };
  }
  return { left: side, right: panel.right, bottom: dock.bottom };
}

const SIDEBAR_REM = 21.75;

/** How far a part of the page, where it is shown, reaches into the scene. */
function edges(id: string): { readonly right: number; readonly bottom: number } {
  const box = document.getElementById(id)?.getBoundingClientRect();
  if (box === undefined || box.width === 0) return { right: 0, bottom: 0 };
  return { right: window.innerWidth - box.left, bottom: window.innerHeight - box.top };
}
