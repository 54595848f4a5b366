import { Cartesian3, Cartographic, Matrix3, Matrix4, OrientedBoundingBox } from "cesium";
import { type CatalogJson, extraLayers } from "./catalog";
import { fetchJson, fetchOptionalJson, reasonOf } from "./fetch-json";
import { text } from "./i18n";
import type { ExtraLayer } from "./layers/extra-layer";
import { addedLayers } from "./layers/facts";
import { type PipeRecord, readRecord } from "./record";
import type { ContentJson, TileJson, TilesetJson } from "./tileset-json";

export type LayerName = "points" | "pipes" | "shells" | "other";

/** What the tiles may call the contents that show how unsure a pipe's place is. */
const SHELL_NAMES: ReadonlySet<string> = new Set(["shells", "shell", "uncertainty"]);

/** A tileset that the root tileset names. */
export interface TilesetLink {
  readonly layer: LayerName;
  readonly url: string;
  /** From the external tileset's frame to the earth's. */
  readonly transform: Matrix4;
  /** The site that it belongs to, where its folder tells. */
  readonly site: string | null;
  /** Bounding box on the earth, null where it has none of this kind. */
  readonly box: OrientedBoundingBox | null;
}

/** A pipe with its centreline on the earth. */
export interface LocatedPipe {
  readonly record: PipeRecord;
  readonly vertices: readonly Cartesian3[];
}

/** Height of the finished ground at a place, above the ellipsoid. */
export interface GroundLevel {
  readonly longitude: number;
  readonly latitude: number;
  readonly height: number;
}

/** A site as the overview has it. */
export interface SiteInfo {
  readonly name: string;
  /** Path of its details in the output folder, null where there are none. */
  readonly details: string | null;
  readonly hasGround: boolean;
}

/** All that an output folder says about itself. */
export interface Dataset {
  readonly name: string;
  readonly base: string;
  readonly links: readonly TilesetLink[];
  readonly pipes: readonly LocatedPipe[];
  /** Whether their numbers are those of the tiles; GeoJSON has rounded ones. */
  readonly isExact: boolean;
  readonly sites: readonly SiteInfo[];
  readonly levels: readonly GroundLevel[];
  /** Whether these are of the ground, and not only of the middle of the points. */
  readonly knowsGround: boolean;
  /** Covers at which the colour of pipes changes, metres, rising. */
  readonly coverLimits: readonly number[];
  /** Layers that somebody has added to the catalogue. */
  readonly extras: readonly ExtraLayer[];
  /** Address of the report, null where there is none. */
  readonly report: string | null;
}

/**
 * Read an output folder; only its root tileset has to be there. `onDamaged` hears why another file
 * is not made use of.
 */
export async function loadDataset(
  base: string,
  onDamaged: (reason: string) => void,
): Promise<Dataset> {
  const root = new URL("tiles/tileset.json", base);
  const [links, told, extras] = await Promise.all([
    fetchJson<TilesetJson>(root).then((tileset) => readLinks(tileset, root)),
    fetchOptionalJson<IndexJson>(new URL("viewer.json", base))
      .then((index) => index && fromIndex(index, base))
      .catch((error: unknown) => {
        onDamaged(toldOf("viewer.json", error));
        return null;
      })
      .then((found) => found ?? fromAttributes(base)),
    layersOf(base).catch((error: unknown) => {
      onDamaged(toldOf("catalog.json", error));
      return [];
    }),
  ]);
  const ground = [told.levels, told.pipes.flatMap(levelAbovePipe)].find(({ length }) => length > 0);
  return {
    ...told,
    extras,
    base,
    name: told.sites.map(({ name }) => name).join(", "),
    links,
    levels: ground ?? links.flatMap(levelOfBox),
    knowsGround: ground !== undefined,
  };
}

async function layersOf(base: string): Promise<ExtraLayer[]> {
  const catalog = await fetchOptionalJson<CatalogJson>(new URL("catalog.json", base));
  const added = await addedLayers(catalog, base);
  return [...added, ...(catalog === null ? [] : extraLayers(catalog, base))];
}

/** Errors of reading name the file; those of what is in it don't. */
function toldOf(file: string, error: unknown): string {
  return error instanceof TypeError ? `${file}: ${text("damaged")}` : reasonOf(error);
}

type Told = Pick<Dataset, "pipes" | "isExact" | "sites" | "levels" | "coverLimits" | "report">;

interface IndexJson {
  readonly cover_limits_m: readonly number[];
  readonly sites: readonly IndexSiteJson[];
  /** Path of the report, null where there is none, absent where it is beside this file. */
  readonly report?: string | null;
  readonly pipes: readonly ({ readonly line: readonly Position[] } & Record<string, unknown>)[];
}

interface IndexSiteJson {
  readonly name: string;
  readonly lon_deg: number | null;
  readonly lat_deg: number | null;
  readonly ground_height_m: number | null;
  readonly details: string | null;
}

type Position = readonly [number, number, number];

interface PipeCollection {
  readonly features: readonly PipeFeature[];
}

interface PipeFeature {
  readonly geometry: { readonly coordinates: readonly Position[] };
  readonly properties: Readonly<Record<string, unknown>>;
}

interface RunJson {
  readonly sites?: readonly SiteJson[];
}

interface SiteJson {
  readonly name: string;
  readonly centre_lon_deg: number | null;
  readonly centre_lat_deg: number | null;
  readonly ground_ellipsoidal_height_m: number | null;
}

const COVER_LIMITS_M = [0.6, 1.2];

function fromIndex(index: IndexJson, base: string): Told {
  return {
    pipes: index.pipes.map((pipe) => readPipe((field) => pipe[field], pipe.line)),
    isExact: true,
    sites: index.sites.map(({ name, details, ground_height_m }) => ({
      name,
      details,
      hasGround: details !== null && ground_height_m !== null,
    })),
    levels: index.sites.flatMap((site) =>
      readLevel(site.lon_deg, site.lat_deg, site.ground_height_m),
    ),
    coverLimits: index.cover_limits_m,
    report: index.report === null ? null : new URL(index.report ?? "report.html", base).href,
  };
}

// Folders of older versions, and tiles of others, have no viewer.json.
async function fromAttributes(base: string): Promise<Told> {
  const [collection, run] = await Promise.all([
    fetchOptionalJson<PipeCollection>(new URL("pipes.geojson", base)),
    fetchOptionalJson<RunJson>(new URL("run.json", base)),
  ]);
  const sites = run?.sites ?? [];
  return {
    pipes: (collection?.features ?? []).map(({ geometry, properties }) =>
      readPipe((field) => properties[field], geometry.coordinates),
    ),
    isExact: false,
    sites: sites.map(({ name }) => ({ name, details: null, hasGround: false })),
    levels: sites.flatMap((site) =>
      readLevel(site.centre_lon_deg, site.centre_lat_deg, site.ground_ellipsoidal_height_m),
    ),
    coverLimits: COVER_LIMITS_M,
    report: null,
  };
}

async function readLinks(tileset: TilesetJson, base: URL): Promise<TilesetLink[]> {
  const found: TilesetLink[] = [];
  const groups: Promise<TilesetLink[]>[] = [];
  const collect = (tile: TileJson, outer: Matrix4) => {
    const transform = placed(tile, outer);
    for (const content of [tile.content, ...(tile.contents ?? [])]) {
      if (!content?.uri.split("?")[0]?.endsWith(".json")) continue;
      const url = new URL(content.uri, base);
      if (GROUP.test(url.pathname)) {
        groups.push(fetchJson<TilesetJson>(url).then((group) => readLinks(group, url)));
        continue;
      }
      found.push({
        layer: layerOf(content, tileset),
        url: url.href,
        transform,
        site: folderOf(content.uri, -2),
        box: boxOf(tile, outer),
      });
    }
    for (const child of tile.children ?? []) collect(child, transform);
  };
  collect(tileset.root, Matrix4.IDENTITY);
  return [...found, ...(await Promise.all(groups)).flat()];
}

/** A part of the root tileset, where there are many sites. */
const GROUP = /\/group-\d+\.json$/;

/** Part of an address such as points/NAME/tileset.json, counted from its end. */
function folderOf(uri: string, at: number): string | null {
  const folder = uri.split("/").at(at);
  return folder === undefined ? null : decodeURIComponent(folder);
}

function layerOf(content: ContentJson, { groups }: TilesetJson): LayerName {
  // 3D Tiles 1.0 know no groups; the folder has the layer's name as well.
  const layer = groups?.[content.group ?? -1]?.properties?.layer ?? folderOf(content.uri, -3);
  if (layer === "points" || layer === "pipes") return layer;
  return typeof layer === "string" && SHELL_NAMES.has(layer) ? "shells" : "other";
}

function placed(tile: TileJson, outer: Matrix4): Matrix4 {
  if (tile.transform === undefined) return outer;
  return Matrix4.multiply(outer, Matrix4.fromArray([...tile.transform]), new Matrix4());
}

function boxOf(root: TileJson, outer: Matrix4): OrientedBoundingBox | null {
  const box = root.boundingVolume.box;
  if (box === undefined) return null;
  const transform = placed(root, outer);
  const centre = Matrix4.multiplyByPoint(transform, Cartesian3.unpack([...box]), new Cartesian3());
  const rotation = Matrix4.getMatrix3(transform, new Matrix3());
  const axes = Matrix3.multiply(rotation, Matrix3.unpack([...box], 3), new Matrix3());
  return new OrientedBoundingBox(centre, axes);
}

function readPipe(get: (field: string) => unknown, line: readonly Position[]): LocatedPipe {
  return { record: readRecord(get), vertices: Cartesian3.fromDegreesArrayHeights(line.flat()) };
}

function readLevel(lon: number | null, lat: number | null, height: number | null): GroundLevel[] {
  if (lon === null || lat === null || height === null) return [];
  const { longitude, latitude } = Cartographic.fromDegrees(lon, lat);
  return [{ longitude, latitude, height }];
}

function levelAbovePipe({ record, vertices }: LocatedPipe): GroundLevel[] {
  const middle = vertices[Math.floor(vertices.length / 2)];
  const { cover_mean_m: cover, outer_diameter_m: diameter } = record;
  if (middle === undefined || cover === null || diameter === null) return [];
  const { longitude, latitude, height } = Cartographic.fromCartesian(middle);
  return [{ longitude, latitude, height: height + diameter / 2 + cover }];
}

function levelOfBox({ box }: TilesetLink): GroundLevel[] {
  if (box === null) return [];
  const { longitude, latitude, height } = Cartographic.fromCartesian(box.center);
  return [{ longitude, latitude, height }];
}
