import type { ExtraLayer } from "./extra-layer";

/** What `{s}` in the address of map tiles stands for. */
const SUBDOMAINS = ["a", "b", "c"];
/** The server reads it when it writes the page's policy; cookies are shared by all ports. */
const COOKIE = `twin-pipeline-hosts-${location.port || (location.protocol === "https:" ? "443" : "80")}`;

let asked: Promise<string | null> | null = null;

/** The other hosts that a layer's address names; null where the address can't be used. */
export function foreignOrigins({ url }: ExtraLayer): readonly string[] | null {
  if (url === "") return [];
  const names = url.includes("{s}") ? SUBDOMAINS : [""];
  const origins = new Set<string>();
  for (const name of names) {
    const plain = url.replaceAll("{s}", name).replaceAll(/[{}]/g, "");
    if (!URL.canParse(plain, document.baseURI)) return null;
    const { origin, protocol } = new URL(plain, document.baseURI);
    if (protocol !== "http:" && protocol !== "https:") return null;
    if (origin !== location.origin) origins.add(origin);
  }
  return [...origins];
}

/**
 * Whether the page may ask a host. Its own policy tells: so nothing is tried in vain, and the user
 * is asked first. A server without a policy forbids nothing.
 */
export async function mayAsk(origin: string): Promise<boolean> {
  const policy = await policyOfPage();
  if (policy === null) return true;
  const directive = policy.split(";").find((part) => part.trim().startsWith("connect-src "));
  return (directive ?? "").split(/\s+/).some((source) => matches(source, new URL(origin)));
}

/** Whether the user has allowed a host already, which this server then does not heed. */
export function isConsented(origin: string): boolean {
  return consented().includes(origin);
}

/** Remember, as long as the browser runs, that the user allows these hosts. */
export function consent(origins: readonly string[]): void {
  const all = [...new Set([...consented(), ...origins])];
  // biome-ignore lint/suspicious/noDocumentCookie: the alternative is missing from Firefox ESR.
  document.cookie = `${COOKIE}=${encodeURIComponent(all.join("|"))}; path=/; SameSite=Strict`;
}

/** Read the policy under which this page was loaded, before it can change for the next one. */
export function policyOfPage(): Promise<string | null> {
  const meta = document.querySelector<HTMLMetaElement>(
    'meta[http-equiv="Content-Security-Policy"]',
  );
  asked ??= fetch(document.baseURI, { method: "HEAD" }).then(
    ({ headers }) => headers.get("Content-Security-Policy") ?? meta?.content ?? null,
  );
  return asked;
}

function consented(): string[] {
  const mine = document.cookie.split("; ").find((part) => part.startsWith(`${COOKIE}=`));
  return mine === undefined ? [] : decodeURIComponent(mine.slice(COOKIE.length + 1)).split("|");
}

/** Whether a source of a policy (`https://host`, `host:port`, `*.host`) means an address. */
function matches(source: string, { protocol, hostname, port }: URL): boolean {
  const match = /^(?:(https?:)\/\/)?(\*\.)?([a-z0-9.-]+)(?::(\d+))?$/i.exec(source);
  if (match === null) return false;
  const [, scheme, wildcard, host = "", wantedPort = ""] = match;
  if (scheme !== undefined && scheme !== protocol) return false;
  if (wantedPort !== port) return false;
  return wildcard === undefined ? hostname === host : hostname.endsWith(`.${host}`);
}
