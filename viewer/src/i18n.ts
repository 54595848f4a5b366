import { Signal } from "./signal";
import { CODES, TEXTS } from "./texts";

export type Language = "ja" | "en";

export type TextKey = keyof typeof TEXTS;

const STORAGE_KEY = "twin-pipeline-language";

/** The language of the page; follow it to write texts anew. */
export const language = new Signal<Language>(initialLanguage());

language.follow((value) => {
  try {
    localStorage.setItem(STORAGE_KEY, value);
  } catch {
    // A browser without storage asks its own language again next time.
  }
});

/** The text in the language of the page. */
export function text(key: TextKey): string {
  return chosen(TEXTS[key]);
}

/** The text for a code from data; the code itself where it is not one of ours. */
export function codeText(code: string | null): string {
  if (code === null) return "—";
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  return known === undefined ? code : chosen(known);
}

/** What elevations are called in their datum. */
export function heightName({ vertical }: { readonly vertical: string | null }): string {
  if (vertical === "jgd2011" || vertical === "jgd2024") return `${text("elevationName")} T.P.`;
  if (vertical === "ap") return `${text("elevationName")} A.P.`;
  return vertical === "ellipsoidal" ? text("ellipsoidalHeight") : text("elevationName");
}

function chosen([ja, en]: readonly [ja: string, en: string]): string {
  return language.value === "ja" ? ja : en;
}

function initialLanguage(): Language {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(STORAGE_KEY);
  } catch {
    // As above.
  }
  if (stored === "ja" || stored === "en") return stored;
  return navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en";
}
