import type { CatalogJson } from "../catalog";
import { fetchOptionalJson } from "../fetch-json";
import type { ExtraKind, ExtraLayer, Frame, LegendItem } from "./extra-layer";

/** The group of a catalogue that says that there are layers of `layers add`. */
const GROUP = "twin-pipeline/layers";

interface IndexJson {
  readonly layers: readonly LayerJson[];
}

interface LayerJson {
  readonly title: string;
  readonly kind: ExtraKind | "wmts";
  readonly url: string;
  readonly folder: string | null;
  readonly opacity: number;
  readonly shown: boolean;
  readonly attribution: string | null;
  readonly licence: string | null;
  readonly on_ground: boolean;
  readonly legend: { readonly title: string; readonly items: readonly LegendItem[] } | null;
  readonly bounds: [number, number, number, number] | null;
  readonly min_level: number | null;
  readonly max_level: number | null;
  readonly subdomains: readonly string[];
  readonly wms_layers: string | null;
  readonly image_format: string | null;
  readonly frames: readonly Frame[];
}

/** The layers of `layers add`, in the order in which they were added. */
export async function addedLayers(
  catalog: CatalogJson | null,
  base: string,
): Promise<ExtraLayer[]> {
  if (!catalog?.catalog?.some(({ id }) => id === GROUP)) return [];
  const index = await fetchOptionalJson<IndexJson>(new URL("layers/layers.json", base));
  return (index?.layers ?? []).map((layer) => readLayer(layer, base));
}

function readLayer(layer: LayerJson, base: string): ExtraLayer {
  // Services have addresses of their own; files lie in the output folder.
  const place = (url: string) => (layer.folder === null ? url : placed(url, base));
  return {
    name: layer.title,
    // A WMTS on the web map is map tiles at another address.
    kind: layer.kind === "wmts" ? "xyz" : layer.kind,
    url: place(layer.url),
    wmsLayers: layer.wms_layers,
    opacity: layer.opacity,
    shown: layer.shown,
    attribution: layer.attribution,
    legend: layer.legend?.items ?? [],
    facts: {
      licence: layer.licence,
      onGround: layer.on_ground,
      legendTitle: layer.legend?.title ?? null,
      bounds: layer.bounds,
      minLevel: layer.min_level,
      maxLevel: layer.max_level,
      subdomains: layer.subdomains,
      imageFormat: layer.image_format,
      frames: layer.frames.map(({ time, url }) => ({ time, url: place(url) })),
    },
  };
}

// `new URL` would encode the braces of a template, and take "?" and "#" in a name for its end.
function placed(path: string, base: string): string {
  const encoded = path.split("/").map((part) => encodeURIComponent(part));
  return base + encoded.join("/").replaceAll("%7B", "{").replaceAll("%7D", "}");
}
