/** Fetch a JSON file; an answer that is not OK is an error. */
export async function fetchJson<T>(url: URL): Promise<T> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${decodeURIComponent(url.pathname)}: ${answer.status}`);
  return (await answer.json()) as T;
}

/** Fetch a JSON file that need not be there. */
export async function fetchOptionalJson<T>(url: URL): Promise<T | null> {
  const answer = await fetch(url);
  return answer.ok ? ((await answer.json()) as T) : null;
}
