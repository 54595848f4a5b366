import { Signal } from "./signal";

const LOOKS = ["dark", "light"] as const;
export type Look = (typeof LOOKS)[number];

const STORAGE_KEY = "twin-pipeline-look";

/** Dark, or light for a screen in the sun. */
export const look = new Signal<Look>(kept() ?? "dark");

const apply = () => {
  document.documentElement.dataset.look = look.value;
};
look.follow(apply);
look.follow((value) => {
  try {
    localStorage.setItem(STORAGE_KEY, value);
  } catch {
    // A browser without storage is dark again next time.
  }
});
apply();

function kept(): Look | undefined {
  try {
    const value = localStorage.getItem(STORAGE_KEY);
    return LOOKS.find((name) => name === value);
  } catch {
    return undefined;
  }
}
