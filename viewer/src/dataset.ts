import { Cartesian3, Cartographic, Matrix3, Matrix4, OrientedBoundingBox } from "cesium";
import { type PipeRecord, readRecord } from "./record";
import type { ContentJson, TileJson, TilesetJson } from "./tileset-json";

export type LayerName = "points" | "pipes" | "other";

/** A tileset that the root tileset names. */
export interface TilesetLink {
  readonly layer: LayerName;
  readonly url: string;
  /** From the external tileset's frame to the earth's. */
  readonly transform: Matrix4;
  /** Names of the metadata properties in its schema. */
  readonly properties: ReadonlySet<string>;
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

/** All that an output folder says about itself. */
export interface Dataset {
  readonly name: string;
  readonly links: readonly TilesetLink[];
  readonly pipes: readonly LocatedPipe[];
  readonly levels: readonly GroundLevel[];
}

/** Read an output folder; only its root tileset has to be there. */
export async function loadDataset(base: string): Promise<Dataset> {
  const root = new URL("tiles/tileset.json", base);
  const [tileset, collection, run] = await Promise.all([
    fetchJson<TilesetJson>(root),
    fetchOptionalJson<PipeCollection>(new URL("pipes.geojson", base)),
    fetchOptionalJson<RunJson>(new URL("run.json", base)),
  ]);
  const links = await followLinks(tileset, root);
  const pipes = (collection?.features ?? []).map(readPipe);
  const sites = run?.sites ?? [];
  const recorded = sites.flatMap(readLevel);
  const levels = [recorded, pipes.flatMap(levelAbovePipe), links.flatMap(levelOfBox)];
  return {
    name: sites.map((site) => site.name).join(", "),
    links,
    pipes,
    levels: levels.find((found) => found.length > 0) ?? [],
  };
}

interface PipeCollection {
  readonly features: readonly PipeFeature[];
}

interface PipeFeature {
  readonly geometry: { readonly coordinates: readonly (readonly [number, number, number])[] };
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

async function fetchJson<T>(url: URL): Promise<T> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: ${answer.status}`);
  return (await answer.json()) as T;
}

// `tile` writes no run.json and no pipes.geojson.
async function fetchOptionalJson<T>(url: URL): Promise<T | null> {
  const answer = await fetch(url);
  return answer.ok ? ((await answer.json()) as T) : null;
}

async function followLinks(tileset: TilesetJson, base: URL): Promise<TilesetLink[]> {
  const found: Promise<TilesetLink>[] = [];
  const collect = (tile: TileJson, outer: Matrix4) => {
    const transform = placed(tile, outer);
    for (const content of [tile.content, ...(tile.contents ?? [])]) {
      if (!content?.uri.endsWith(".json")) continue;
      found.push(describeLink(new URL(content.uri, base), layerOf(content, tileset), transform));
    }
    for (const child of tile.children ?? []) collect(child, transform);
  };
  collect(tileset.root, Matrix4.IDENTITY);
  return Promise.all(found);
}

async function describeLink(url: URL, layer: LayerName, transform: Matrix4): Promise<TilesetLink> {
  const tileset = await fetchJson<TilesetJson>(url);
  const classes = Object.values(tileset.schema?.classes ?? {});
  return {
    layer,
    url: url.href,
    transform,
    properties: new Set(classes.flatMap((its) => Object.keys(its.properties ?? {}))),
    box: boxOf(tileset.root, transform),
  };
}

function layerOf(content: ContentJson, { groups }: TilesetJson): LayerName {
  const layer = groups?.[content.group ?? -1]?.properties?.layer;
  return layer === "points" || layer === "pipes" ? layer : "other";
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

function readPipe(feature: PipeFeature): LocatedPipe {
  const flat = feature.geometry.coordinates.flat();
  return {
    record: readRecord((field) => feature.properties[field]),
    vertices: Cartesian3.fromDegreesArrayHeights(flat),
  };
}

function readLevel(site: SiteJson): GroundLevel[] {
  const { centre_lon_deg: lon, centre_lat_deg: lat, ground_ellipsoidal_height_m: height } = site;
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
