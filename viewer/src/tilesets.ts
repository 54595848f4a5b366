import {
  Cartesian3,
  Cartographic,
  Cesium3DTileset,
  type CesiumWidget,
  PointCloudShading,
} from "cesium";
import type { Dataset, LayerName, TilesetLink } from "./dataset";
import { groundHeight } from "./ground";
import { LABEL_PROPERTY, type PointColouring, PointShader } from "./points";
import { isSoftwareRenderer } from "./scene";

/** The tilesets of a dataset by layer, and what all of one layer share. */
export class Tilesets {
  readonly #widget: CesiumWidget;
  readonly #byLayer: Record<LayerName, Cesium3DTileset[]> = { points: [], pipes: [], other: [] };
  readonly #shaders: PointShader[] = [];
  readonly hasLabels: boolean;

  private constructor(widget: CesiumWidget, dataset: Dataset) {
    this.#widget = widget;
    this.hasLabels = dataset.links.some(hasLabels);
    widget.scene.preRender.addEventListener((scene) => {
      for (const shader of this.#shaders) shader.update(scene);
    });
  }

  /** Start to load all of them; `onFailed` hears of each tile or tileset that can't be. */
  static async load(
    widget: CesiumWidget,
    dataset: Dataset,
    onFailed: (message: string) => void,
  ): Promise<Tilesets> {
    const made = new Tilesets(widget, dataset);
    await Promise.all(
      dataset.links.map((link) =>
        made.#add(link, dataset, onFailed).catch((error: unknown) => onFailed(String(error))),
      ),
    );
    return made;
  }

  of(layer: LayerName): readonly Cesium3DTileset[] {
    return this.#byLayer[layer];
  }

  show(layer: LayerName, shown: boolean): void {
    for (const tileset of this.#byLayer[layer]) tileset.show = shown;
    if (layer === "pipes") for (const shader of this.#shaders) shader.hidePipePoints(shown);
    this.#widget.scene.requestRender();
  }

  colourPoints(colouring: PointColouring): void {
    for (const shader of this.#shaders) shader.colourBy(colouring);
    this.#widget.scene.requestRender();
  }

  /** Whether nothing that the present view needs is still on its way. */
  get areLoaded(): boolean {
    const all = Object.values(this.#byLayer).flat();
    return all.every((tileset) => !tileset.show || tileset.tilesLoaded);
  }

  async #add(link: TilesetLink, dataset: Dataset, onFailed: (message: string) => void) {
    const tileset = await Cesium3DTileset.fromUrl(link.url, { modelMatrix: link.transform });
    tileset.tileFailed.addEventListener(({ message }: { message: string }) => onFailed(message));
    tileset.allTilesLoaded.addEventListener(() => this.#widget.scene.requestRender());
    if (link.layer === "points") this.#dressPoints(tileset, link, dataset);
    this.#byLayer[link.layer].push(tileset);
    this.#widget.scene.primitives.add(tileset);
  }

  #dressPoints(tileset: Cesium3DTileset, link: TilesetLink, dataset: Dataset): void {
    tileset.pointCloudShading = new PointCloudShading({
      attenuation: true,
      // A tile's geometric error is several times the spacing of its points.
      geometricErrorScale: 0.15,
      maximumAttenuation: 5,
      // Its extra passes cost a CPU more than all points.
      eyeDomeLighting: !isSoftwareRenderer(this.#widget.scene),
    });
    const shader = new PointShader(groundAt(tileset, dataset), hasLabels(link));
    tileset.customShader = shader.shader;
    this.#shaders.push(shader);
  }
}

function hasLabels(link: TilesetLink): boolean {
  return link.layer === "points" && link.properties.has(LABEL_PROPERTY);
}

function groundAt(tileset: Cesium3DTileset, { levels }: Dataset): Cartesian3 {
  const { longitude, latitude } = Cartographic.fromCartesian(tileset.boundingSphere.center);
  const height = groundHeight(levels, longitude, latitude);
  return Cartesian3.fromRadians(longitude, latitude, height);
}
