import { Cesium3DTileFeature, Entity, type JulianDate } from "cesium";
import type { AddedLayer } from "./extra";

const MOST_ROWS = 300;
const LONGEST = 2_000;
/** Properties that name a feature, the likeliest first. */
const NAMES = ["name", "名称", "title", "gml:name", "gml_id", "id"];

/** What is known of a clicked feature of an added layer, as plain text. */
export interface FeatureInfo {
  readonly of: AddedLayer;
  /** What CesiumJS calls it. */
  readonly picked: unknown;
  readonly layer: string;
  readonly title: string | null;
  readonly rows: readonly (readonly [name: string, value: string])[];
  /** How many properties are not among the rows. */
  readonly more: number;
  readonly description: string | null;
}

/** The attributes of a picked object, null where it belongs to no added layer. */
export function featureInfo(
  picked: unknown,
  layers: readonly AddedLayer[],
  now: JulianDate,
): FeatureInfo | null {
  const layer = layers.find(({ owns }) => owns(picked));
  if (layer === undefined) return null;
  if (picked instanceof Cesium3DTileFeature) {
    const ids = picked.getPropertyIds();
    return told(
      layer,
      picked,
      null,
      ids.map((id) => [id, picked.getProperty(id)]),
      null,
    );
  }
  const entity = (picked as { id?: unknown }).id;
  if (!(entity instanceof Entity)) return null;
  const values: unknown = entity.properties?.getValue(now);
  const described: unknown = entity.description?.getValue(now);
  // GeoJSON's description only repeats its properties.
  const description = values === undefined && typeof described === "string" ? described : null;
  return told(layer, picked, entity.name ?? null, Object.entries(values ?? {}), description);
}

function told(
  layer: AddedLayer,
  picked: unknown,
  name: string | null,
  properties: readonly (readonly [string, unknown])[],
  html: string | null,
): FeatureInfo {
  const known = properties.filter(([, value]) => value !== undefined && value !== null);
  const rows = known.map(([id, value]): [string, string] => [id, asText(value)]);
  const named = NAMES.map((id) => rows.find(([own]) => own.toLowerCase() === id)?.[1]);
  return {
    of: layer,
    picked,
    layer: layer.source.name,
    title: name || named.find((found) => found) || null,
    rows: rows.slice(0, MOST_ROWS),
    more: Math.max(0, rows.length - MOST_ROWS),
    description: html === null ? null : textOf(html),
  };
}

function asText(value: unknown): string {
  const plain =
    typeof value === "object"
      ? JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner))
      : String(value);
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)} …` : plain;
}

const UNREAD = /<(script|style)\b[\s\S]*?<\/\1\s*>/gi;
const TAG = /<\/?[a-z!][^>]*>/gi;

/** The text of HTML. What has no tags left is parsed for the sake of its `&amp;` and the like. */
function textOf(html: string): string | null {
  const bare = html.replaceAll(UNREAD, " ").replaceAll(TAG, " ");
  const { body } = new DOMParser().parseFromString(bare, "text/html");
  return asText(body.textContent.replaceAll(/\s+/g, " ").trim()) || null;
}
