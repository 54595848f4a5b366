import { text } from "../i18n";
import type { ExtraKind, ExtraLayer } from "./extra-layer";
import { filesBelow, filesChosen, type TilesFolder, tilesFolder } from "./folder";

/** A layer with its content, where that was dropped as a file. */
export interface Offered {
  readonly layer: ExtraLayer;
  readonly data: unknown;
}

const MOST_BYTES = 200 * 2 ** 20;
/** As long as something is dragged over the page, browsers say so at least each 350 ms. */
const DRAG_PAUSE_MS = 2_000;

/** Take files and addresses that are dropped on the page. */
export function followDrops(
  onOffer: (offered: Offered) => void,
  onRefused: (reason: string) => void,
): void {
  const { classList } = document.body;
  let timer = 0;
  const isOver = (over: boolean) => {
    clearTimeout(timer);
    classList.toggle("dropping", over);
    // Not every browser tells when a drag is given up.
    if (over) timer = window.setTimeout(() => isOver(false), DRAG_PAUSE_MS);
  };
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    isOver(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) isOver(false);
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    isOver(false);
    const address = event.dataTransfer?.getData("text/uri-list").split("\n")[0]?.trim();
    const dropped = reading(event.dataTransfer);
    if (dropped.length === 0 && address) onOffer({ layer: layerAt(address), data: address });
    for (const [name, offered] of dropped) {
      offered.then(onOffer, (error: unknown) => onRefused(`${name}: ${(error as Error).message}`));
    }
  });
}

/** Begin to read what was dropped: what it holds is gone once its event is over. */
function reading(transfer: DataTransfer | null): [name: string, offered: Promise<Offered>][] {
  const items = [...(transfer?.items ?? [])].filter(({ kind }) => kind === "file");
  return items.flatMap((item): [string, Promise<Offered>][] => {
    const entry = item.webkitGetAsEntry?.() ?? null;
    if (entry?.isDirectory) return [[entry.name, readFolder(entry as FileSystemDirectoryEntry)]];
    const file = item.getAsFile();
    return file === null ? [] : [[file.name, readFile(file)]];
  });
}

async function readFolder(folder: FileSystemDirectoryEntry): Promise<Offered> {
  return offeredFolder(tilesFolder(folder.name, await filesBelow(folder)));
}

/** Take a folder that was chosen in a dialog of the browser. */
export function chosenFolder(files: readonly File[]): Offered {
  return offeredFolder(tilesFolder(...filesChosen(files)));
}

function offeredFolder(folder: TilesFolder): Offered {
  return { layer: plainLayer(folder.name, "3d-tiles", ""), data: folder };
}

/** Read a GeoJSON or CZML file; the content decides which, not the name. */
export async function readFile(file: File): Promise<Offered> {
  if (file.size > MOST_BYTES) throw new Error(text("fileTooLarge"));
  let data: unknown;
  try {
    data = JSON.parse(await file.text());
  } catch {
    throw new Error(text("fileUnknown"));
  }
  if (isTileset(data)) throw new Error(text("needsFolder"));
  const kind = kindOf(data);
  if (kind === null) throw new Error(text("fileUnknown"));
  return { layer: plainLayer(file.name, kind, ""), data };
}

/** The layer that an address most likely means. */
export function layerAt(address: string, name = ""): ExtraLayer {
  return plainLayer(name || nameOf(address), guessKind(address), address);
}

export function plainLayer(
  name: string,
  kind: ExtraKind,
  url: string,
  wmsLayers: string | null = null,
): ExtraLayer {
  return { name, kind, url, wmsLayers, opacity: 1, shown: true, attribution: null, legend: [] };
}

export function guessKind(address: string): ExtraKind {
  if (/\{z\}/i.test(address)) return "xyz";
  if (/service=wms|\/wms\b/i.test(address)) return "wms";
  if (/\.czml(\?|$)/i.test(address)) return "czml";
  return /tileset\.json|\.json\?v=|3dtiles/i.test(address) ? "3d-tiles" : "geojson";
}

function kindOf(data: unknown): ExtraKind | null {
  if (Array.isArray(data)) {
    return (data[0] as { id?: unknown } | undefined)?.id === "document" ? "czml" : null;
  }
  const { type } = (data ?? {}) as { type?: unknown };
  const known = ["FeatureCollection", "Feature", "Topology"];
  return typeof type === "string" && known.includes(type) ? "geojson" : null;
}

function isTileset(data: unknown): boolean {
  return typeof data === "object" && data !== null && "root" in data && "asset" in data;
}

/** A name for what lies at an address: its last parts, without those that are filled in later. */
export function nameOf(address: string): string {
  const parts = (address.split(/[?#]/)[0] ?? "").split("/").filter(Boolean);
  const fixed = parts.filter((part) => !part.includes("{") && !/^[a-z]+:$/i.test(part));
  return fixed.slice(-2).join("/") || address;
}
