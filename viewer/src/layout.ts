export const MENU_CLOSED = "menu-closed";
/** The same width as in style.css. */
export const NARROW = "(max-width: 46rem)";
const SIDEBAR_REM = 21.75;

/** Pixels of the scene's left edge that the open sidebar covers. */
export function coveredWidth(): number {
  const { documentElement, body } = document;
  if (matchMedia(NARROW).matches || body.classList.contains(MENU_CLOSED)) return 0;
  return SIDEBAR_REM * Number.parseFloat(getComputedStyle(documentElement).fontSize);
}
