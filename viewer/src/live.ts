import type { Signal } from "./signal";

/** A signal of which only that it changes is of interest. */
export interface Followed {
  follow(follower: () => void): void;
}

/** Let a part of the page be written anew on each change, with the keyboard's place kept. */
export function live(
  host: HTMLElement,
  write: () => readonly Node[],
  ...followed: readonly (Followed | Signal<never>)[]
): HTMLElement {
  const rewrite = () => keepPlace(host, () => host.replaceChildren(...write()));
  for (const signal of followed) (signal as Followed).follow(rewrite);
  host.replaceChildren(...write());
  return host;
}

// Elements are replaced one for one, except that a legend may come or go, which has no focus.
function keepPlace(host: HTMLElement, write: () => void): void {
  const focusable = () => [...host.querySelectorAll<HTMLElement>("button, input, select, summary")];
  const index = focusable().indexOf(document.activeElement as HTMLElement);
  write();
  if (index >= 0) focusable()[index]?.focus({ preventScroll: true });
}
