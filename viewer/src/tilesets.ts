import {
  Cartesian3,
  Cartographic,
  Cesium3DTileset,
  type CesiumWidget,
  PointCloudShading,
} from "cesium";
import type { Barrel } from "./barrel";
import type { Dataset, LayerName, TilesetLink } from "./dataset";
import { fetchJson, nameOf, reasonOf } from "./fetch-json";
import { groundHeight } from "./ground";
import { NEEDED, POINT_COLOURINGS, type PointColouring, PointShader } from "./points";
import { isSoftwareRenderer } from "./scene";
import { Signal } from "./signal";
import { propertyNames, propertyRange, type TilesetJson } from "./tileset-json";

/** So many tilesets are opened at once; of more sites, those near the camera. */
const MOST_OPEN = 48;
/** Spacing of points in pixels times eight; a CPU that draws has to do with half of them. */
const SPACING_ERROR_PX = { fast: 16, software: 26 };
/** All tilesets together keep so much of what is out of sight, and go so much beyond. */
const CACHE_BYTES = cacheOf(384 * 2 ** 20);
const OVERFLOW_BYTES = cacheOf(256 * 2 ** 20);

/** Loaded tiles of one site and layer. */
export interface OpenTileset {
  readonly link: TilesetLink;
  readonly tileset: Cesium3DTileset;
}

/** The tilesets of a dataset by layer, and what all of one layer share. */
export class Tilesets {
  readonly #widget: CesiumWidget;
  readonly #dataset: Dataset;
  readonly #open = new Map<TilesetLink, OpenTileset | null>();
  readonly #shaders = new Map<TilesetLink, PointShader>();
  readonly #shown: Record<LayerName, boolean> = {
    points: true,
    pipes: true,
    shells: false,
    other: true,
  };
  readonly #onFailed: (message: string) => void;
  readonly #onOpened: (opened: OpenTileset) => void;
  #colouring: PointColouring = "rgb";
  #opacity = 1;
  #barrel: Barrel | null = null;
  #waiting = 0;
  #begun = 0;
  /** Colourings for which the loaded points carry what is needed. */
  readonly colourings = new Signal<readonly PointColouring[]>(["rgb", "elevation", "distance"]);

  /** `onFailed` hears of each tile or tileset that can't be loaded. */
  constructor(
    widget: CesiumWidget,
    dataset: Dataset,
    onOpened: (opened: OpenTileset) => void,
    onFailed: (message: string) => void,
  ) {
    this.#widget = widget;
    this.#dataset = dataset;
    this.#onOpened = onOpened;
    this.#onFailed = onFailed;
    widget.scene.preRender.addEventListener((scene) => {
      for (const shader of this.#shaders.values()) shader.update(scene);
    });
    if (dataset.links.length > MOST_OPEN) {
      widget.camera.percentageChanged = 0.2;
      widget.camera.changed.addEventListener(() => void this.openNearest());
    }
  }

  /** Start to load all tilesets, or of many those nearest to the camera, and close the others. */
  async openNearest(): Promise<void> {
    const wanted = new Set(this.#nearest());
    for (const [link, opened] of this.#open) {
      if (wanted.has(link) || opened === null) continue;
      this.#widget.scene.primitives.remove(opened.tileset);
      this.#open.delete(link);
      this.#shaders.delete(link);
    }
    const added = [...wanted].filter((link) => !this.#open.has(link));
    await Promise.all(
      added.map((link) =>
        this.#add(link).catch((error: unknown) =>
          this.#onFailed(`${nameOf(link.url)}: ${reasonOf(error)}`),
        ),
      ),
    );
  }

  of(layer: LayerName): readonly Cesium3DTileset[] {
    return this.opened.filter(({ link }) => link.layer === layer).map(({ tileset }) => tileset);
  }

  get opened(): readonly OpenTileset[] {
    return [...this.#open.values()].filter((opened) => opened !== null);
  }

  show(layer: LayerName, shown: boolean): void {
    this.#shown[layer] = shown;
    for (const tileset of this.of(layer)) tileset.show = shown;
    if (layer === "pipes") this.#eachShader((shader) => shader.hidePipePoints(shown));
    this.#widget.scene.requestRender();
  }

  colourPoints(colouring: PointColouring): void {
    this.#colouring = colouring;
    this.#eachShader((shader) => shader.colourBy(colouring));
  }

  setPointOpacity(opacity: number): void {
    this.#opacity = opacity;
    this.#eachShader((shader) => shader.setOpacity(opacity));
  }

  /** The pipe from which the distances of points are taken. */
  setBarrel(barrel: Barrel | null): void {
    this.#barrel = barrel;
    this.#eachShader((shader) => shader.setBarrel(barrel));
  }

  /** Whether nothing that the present view needs is still on its way. */
  get areLoaded(): boolean {
    if (this.#waiting > 0) return false;
    return this.opened.every(({ tileset }) => !tileset.show || tileset.tilesLoaded);
  }

  /** Whether the first tiles of all open tilesets have been loaded. */
  get areBegun(): boolean {
    const shown = this.opened.filter(({ tileset }) => tileset.show);
    return this.#waiting === 0 && this.#begun >= shown.length;
  }

  #nearest(): readonly TilesetLink[] {
    const { links } = this.#dataset;
    if (links.length <= MOST_OPEN) return links;
    const from = this.#widget.camera.positionWC;
    const distance = ({ box }: TilesetLink) =>
      box === null ? 0 : Cartesian3.distanceSquared(box.center, from);
    return [...links].sort((a, b) => distance(a) - distance(b)).slice(0, MOST_OPEN);
  }

  #eachShader(change: (shader: PointShader) => void): void {
    for (const shader of this.#shaders.values()) change(shader);
    this.#widget.scene.requestRender();
  }

  async #add(link: TilesetLink): Promise<void> {
    this.#open.set(link, null);
    this.#waiting += 1;
    try {
      const tileset = await Cesium3DTileset.fromUrl(link.url, {
        modelMatrix: link.transform,
        // A sky mirrored in each tileset, of which nothing is seen, takes a CPU seconds to draw.
        environmentMapOptions: { enabled: false },
        cacheBytes: CACHE_BYTES / Math.min(this.#dataset.links.length, MOST_OPEN),
        maximumCacheOverflowBytes: OVERFLOW_BYTES / Math.min(this.#dataset.links.length, MOST_OPEN),
      });
      tileset.tileFailed.addEventListener(({ url, message }: { url: string; message: string }) =>
        this.#onFailed(`${nameOf(url)}: ${message}`),
      );
      const begun = tileset.tileLoad.addEventListener(() => {
        begun();
        this.#begun += 1;
      });
      tileset.allTilesLoaded.addEventListener(() => this.#widget.scene.requestRender());
      if (link.layer === "points") await this.#dressPoints(tileset, link);
      tileset.show = this.#shown[link.layer];
      const opened = { link, tileset };
      this.#open.set(link, opened);
      this.#onOpened(opened);
      this.#widget.scene.primitives.add(tileset);
      this.#widget.scene.requestRender();
    } catch (error) {
      this.#open.delete(link);
      throw error;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #dressPoints(tileset: Cesium3DTileset, link: TilesetLink): Promise<void> {
    tileset.pointCloudShading = new PointCloudShading({
      attenuation: true,
      // A tile's geometric error is several times the spacing of its points.
      geometricErrorScale: 0.15,
      maximumAttenuation: 5,
      // Its extra passes cost a CPU more than all points.
      eyeDomeLighting: !isSoftwareRenderer(this.#widget.scene),
    });
    const json = await fetchJson<TilesetJson>(new URL(link.url));
    const properties = propertyNames(json);
    const shader = new PointShader(
      tileset,
      groundAt(tileset, this.#dataset),
      properties,
      propertyRange(json, "intensity"),
    );
    shader.colourBy(this.#colouring);
    shader.setOpacity(this.#opacity);
    shader.setBarrel(this.#barrel);
    shader.hidePipePoints(this.#shown.pipes);
    const software = isSoftwareRenderer(this.#widget.scene);
    tileset.maximumScreenSpaceError = SPACING_ERROR_PX[software ? "software" : "fast"];
    this.#shaders.set(link, shader);
    this.#allow(properties);
  }

  #allow(properties: ReadonlySet<string>): void {
    const known = new Set(this.colourings.value);
    const possible = POINT_COLOURINGS.filter((colouring) => {
      const needed = NEEDED[colouring];
      return known.has(colouring) || needed === undefined || properties.has(needed);
    });
    if (possible.length > known.size) this.colourings.set(possible);
  }
}

function groundAt(tileset: Cesium3DTileset, { levels }: Dataset): Cartesian3 {
  const { longitude, latitude } = Cartographic.fromCartesian(tileset.boundingSphere.center);
  const height = groundHeight(levels, longitude, latitude);
  return Cartesian3.fromRadians(longitude, latitude, height);
}

/** Half of it on tablets and small laptops, of which browsers say so. */
function cacheOf(bytes: number): number {
  const { deviceMemory } = navigator as { deviceMemory?: number };
  return deviceMemory !== undefined && deviceMemory <= 4 ? bytes / 2 : bytes;
}
