import type { Offered } from "./drop";
import type { ExtraLayer } from "./extra-layer";
import { TilesFolder } from "./folder";

const KEY = "twin-pipeline-dropped";

/** A layer of an address as a part of a link. */
export function asCode(layer: ExtraLayer): string {
  const { kind, url, name, wmsLayers, opacity, shown } = layer;
  const own = new URL(".", document.baseURI).href;
  const short = url.startsWith(own) ? url.slice(own.length) : url;
  return JSON.stringify([kind, short, name, wmsLayers, opacity, shown]);
}

/** The layer that `asCode` has written; null for anything else. */
export function fromCode(code: string): ExtraLayer | null {
  let parts: unknown;
  try {
    parts = JSON.parse(code);
  } catch {
    return null;
  }
  if (!Array.isArray(parts)) return null;
  const [kind, url, name, wmsLayers, opacity, shown] = parts as unknown[];
  const kinds = ["geojson", "czml", "xyz", "wms", "3d-tiles"] as const;
  const known = kinds.find((one) => one === kind);
  if (known === undefined || typeof url !== "string" || typeof name !== "string") return null;
  const absolute = /^[a-z]+:/i.test(url) ? url : new URL(".", document.baseURI).href + url;
  return {
    kind: known,
    url: absolute,
    name,
    wmsLayers: typeof wmsLayers === "string" ? wmsLayers : null,
    opacity: typeof opacity === "number" ? Math.min(1, Math.max(0, opacity)) : 1,
    shown: shown !== false,
    attribution: null,
    legend: [],
  };
}

/** Keep dropped files while the page is loaded anew; false where the browser has no room. */
export function keepDropped(dropped: readonly Offered[]): boolean {
  // A folder can only be read again where the user gives it again.
  if (dropped.some(({ data }) => data instanceof TilesFolder)) return false;
  try {
    if (dropped.length > 0) sessionStorage.setItem(KEY, JSON.stringify(dropped));
    return true;
  } catch {
    return false;
  }
}

/** Take back what was kept. */
export function takeDropped(): readonly Offered[] {
  try {
    const kept = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return kept === null ? [] : (JSON.parse(kept) as Offered[]);
  } catch {
    return [];
  }
}
