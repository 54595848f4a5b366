import { RequestErrorEvent } from "cesium";
import { text } from "./i18n";

/** Fetch a JSON file; an answer that is not OK, or no JSON, is an error that names it. */
export async function fetchJson<T>(url: URL): Promise<T> {
  const answer = await answerFrom(url);
  if (!answer.ok) throw new Error(`${nameOf(url)}: HTTP ${answer.status}`);
  return parsed<T>(answer, url);
}

/** Fetch a JSON file that need not be there. */
export async function fetchOptionalJson<T>(url: URL): Promise<T | null> {
  const answer = await answerFrom(url);
  return answer.ok ? parsed<T>(answer, url) : null;
}

/** Why something could not be loaded, in the page's language as far as that is known. */
export function reasonOf(error: unknown): string {
  if (error instanceof RequestErrorEvent) {
    const { statusCode } = error;
    return statusCode === undefined ? text("noAnswer") : `HTTP ${statusCode}`;
  }
  if (error instanceof SyntaxError) return text("damaged");
  return error instanceof Error ? error.message : String(error);
}

/** An address as people know it: the path in the output folder, or all of another host's. */
export function nameOf(address: string | URL): string {
  const { href, origin, pathname } = new URL(address, document.baseURI);
  const own = origin === location.origin;
  const path = own ? pathname.replace(/^.*?\/data\//, "").replace(/^\//, "") : href;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

async function answerFrom(url: URL): Promise<Response> {
  try {
    return await fetch(url);
  } catch {
    throw new Error(`${nameOf(url)}: ${text("noAnswer")}`);
  }
}

async function parsed<T>(answer: Response, url: URL): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch {
    throw new Error(`${nameOf(url)}: ${text("damaged")}`);
  }
}
