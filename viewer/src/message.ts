import { byId } from "./dom";
import { language, type TextKey, text } from "./i18n";

const MENTION_MS = 9_000;

let failed = 0;
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
  const mine = shown;
  setTimeout(() => {
    if (shown === mine) say(null);
  }, MENTION_MS);
}

/** Say that something could not be loaded, and count it. */
export function countFailure(message: string): void {
  failed += 1;
  document.body.dataset.tilesFailed = String(failed);
  say("tilesFailed", message);
}

export function failures(): number {
  return failed;
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
  say(reason, String(error));
}

function write(): void {
  const { key, detail } = shown;
  byId("message").textContent = key === null ? "" : [text(key), detail].filter(Boolean).join(" ");
}
