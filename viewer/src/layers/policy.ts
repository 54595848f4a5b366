let asked: Promise<string | null> | null = null;

/**
 * Whether the page may ask an address. Its own policy tells: so nothing is tried in vain, and the
 * user hears why. A server without a policy forbids nothing.
 */
export async function mayAsk(url: URL): Promise<boolean> {
  if (url.origin === location.origin) return true;
  asked ??= fetch(document.baseURI, { method: "HEAD" }).then(({ headers }) =>
    headers.get("Content-Security-Policy"),
  );
  const policy = await asked;
  if (policy === null) return true;
  const directive = policy.split(";").find((part) => part.trim().startsWith("connect-src "));
  return (directive ?? "").split(/\s+/).some((source) => matches(source, url));
}

/** Whether a source of a policy (`https://host`, `host:port`, `*.host`) means an address. */
function matches(source: string, { protocol, hostname, port }: URL): boolean {
  const match = /^(?:(https?:)\/\/)?(\*\.)?([a-z0-9.-]+)(?::(\d+))?$/i.exec(source);
  if (match === null) return false;
  const [, scheme, wildcard, host = "", wantedPort] = match;
  if (scheme !== undefined && scheme !== protocol) return false;
  if (wantedPort !== undefined && wantedPort !== port) return false;
  return wildcard === undefined ? hostname === host : hostname.endsWith(`.${host}`);
}
