import { byId } from "./dom";
import { reasonOf } from "./fetch-json";
import { language, type TextKey, text } from "./i18n";

const MENTION_MS = 9_000;

let failed = 0;
let mentioned = Number.NEGATIVE_INFINITY;
let failure: { key: TextKey; what: string } | null = null;
let shown: { key: TextKey | null; detail: string } = { key: null, detail: "" };
language.follow(write);

/** Say something at the foot of the page, or nothing. */
export function say(key: TextKey | null, detail = ""): void {
  shown = { key, detail };
  write();
}

/** Say something for a few seconds. */
export function mention(key: TextKey, detail: string): void {
  say(key, detail);
  mentioned = performance.now();
  const mine = shown;
  setTimeout(() => {
    if (shown === mine) settle();
  }, MENTION_MS);
}

/** Say what is going on, then null; what is mentioned meanwhile stays to be read. */
export function work(key: TextKey, detail: string | null): void {
  if (performance.now() - mentioned < MENTION_MS) return;
  if (detail === null) settle();
  else say(key, detail);
}

/** Say that something could not be loaded, the first of its kind by name, and count it. */
export function countFailure(what: string, key: TextKey = "tilesFailed"): void {
  failed += 1;
  document.body.dataset.tilesFailed = String(failed);
  failure ??= { key, what };
  settle();
}

/** Say what could not be loaded, if anything, and nothing else. */
export function settle(): void {
  const others = failed > 1 ? ` (${text("more")} ${failed - 1})` : "";
  say(failure?.key ?? null, failure === null ? "" : failure.what + others);
}

/** Do something without which the page is of no use. */
export async function attempt<T>(failure: TextKey, work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    stop(failure, error);
    return null;
  }
}

export function stop(reason: TextKey, error: unknown): void {
  document.body.dataset.state = "error";
  say(reason, reasonOf(error));
}

function write(): void {
  const { key, detail } = shown;
  byId("message").textContent = key === null ? "" : [text(key), detail].filter(Boolean).join(" ");
}
