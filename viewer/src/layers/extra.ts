import {
  Cesium3DTileStyle,
  type Cesium3DTileset,
  type CesiumWidget,
  Color,
  ColorMaterialProperty,
  ConstantProperty,
  CustomDataSource,
  CzmlDataSource,
  type DataSource,
  type Entity,
  GeoJsonDataSource,
  ImageryLayer as Imagery,
  type ImageryLayer,
  type ImageryProvider,
  type Property,
  Cesium3DTileset as Tileset,
  UrlTemplateImageryProvider,
  WebMapServiceImageryProvider,
} from "cesium";
import type { ExtraLayer } from "../catalog";
import { text } from "../i18n";
import { Signal } from "../signal";

const CACHE_BYTES = 128 * 2 ** 20;
/** Level of map tiles of 4 cm a pixel: no survey from the air is finer. */
const FINEST_MAP = 22;

/** A layer that has been added to the scene. */
export interface AddedLayer {
  readonly source: ExtraLayer;
  readonly shown: Signal<boolean>;
  readonly opacity: Signal<number>;
  /** The tilesets in it, which the curtain can part. */
  readonly tilesets: readonly Cesium3DTileset[];
  readonly raise: (() => void) | null;
  readonly lower: (() => void) | null;
  readonly isImagery: boolean;
  readonly remove: () => void;
}

interface Content {
  readonly show: (shown: boolean) => void;
  readonly fade: (opacity: number) => void;
  readonly remove: () => void;
  readonly raise?: () => void;
  readonly lower?: () => void;
  readonly tilesets?: readonly Cesium3DTileset[];
  readonly isImagery?: boolean;
}

type OnProblem = (reason: string) => void;

/**
 * Add a layer; `data` is its content where it was dropped rather than named by an address.
 * `onProblem` hears, once, of parts that can't be loaded later.
 */
export async function addLayer(
  widget: CesiumWidget,
  source: ExtraLayer,
  data: unknown,
  onProblem: OnProblem,
): Promise<AddedLayer> {
  const content = await load(widget, source, data, onProblem);
  const shown = new Signal(source.shown);
  const opacity = new Signal(source.opacity);
  const { scene } = widget;
  shown.follow((value) => {
    content.show(value);
    scene.requestRender();
  });
  opacity.follow((value) => {
    content.fade(value);
    scene.requestRender();
  });
  if (source.opacity < 1) content.fade(source.opacity);
  if (!source.shown) content.show(false);
  scene.requestRender();
  return {
    source,
    shown,
    opacity,
    tilesets: content.tilesets ?? [],
    raise: content.raise ?? null,
    lower: content.lower ?? null,
    isImagery: content.isImagery ?? false,
    remove: () => {
      content.remove();
      scene.requestRender();
    },
  };
}

function load(
  widget: CesiumWidget,
  source: ExtraLayer,
  data: unknown,
  onProblem: OnProblem,
): Promise<Content> {
  switch (source.kind) {
    case "geojson":
      return dataSource(widget, readGeoJson(data));
    case "czml":
      return dataSource(widget, CzmlDataSource.load(data as string));
    case "3d-tiles":
      return tiles(widget, source.url, onProblem);
    case "xyz":
      return imagery(
        widget,
        new UrlTemplateImageryProvider({ url: source.url, credit: "", maximumLevel: FINEST_MAP }),
        onProblem,
      );
    case "wms":
      return imagery(widget, webMapService(source), onProblem);
  }
}

/** Parameters of a request that CesiumJS writes itself; people copy addresses that have them. */
const WRITTEN = /^(service|request|version|layers|styles|bbox|width|height|srs|crs|format)$/i;

function webMapService({ url, wmsLayers }: ExtraLayer): WebMapServiceImageryProvider {
  const address = new URL(url);
  const given = [...address.searchParams];
  const layers = wmsLayers ?? given.find(([name]) => /^layers$/i.test(name))?.[1];
  if (!layers) throw new Error(text("wmsLayersMissing"));
  for (const [name] of given) if (WRITTEN.test(name)) address.searchParams.delete(name);
  return new WebMapServiceImageryProvider({
    url: address.href,
    layers,
    credit: "",
    enablePickFeatures: false,
    parameters: { transparent: true, format: "image/png" },
  });
}

function readGeoJson(data: unknown): Promise<DataSource> {
  return GeoJsonDataSource.load(data as string, {
    // A height in the data is the height meant.
    clampToGround: false,
    stroke: Color.fromCssColorString("#ff6bd6"),
    strokeWidth: 3,
    fill: Color.fromCssColorString("#ff6bd6").withAlpha(0.35),
    markerColor: Color.fromCssColorString("#ff6bd6"),
  });
}

async function dataSource(widget: CesiumWidget, loading: Promise<DataSource>): Promise<Content> {
  const source = await loading;
  if (source instanceof GeoJsonDataSource) pointsForPins(source.entities.values);
  await widget.dataSources.add(source);
  const fade = fader(source.entities.values);
  return {
    show: (shown) => {
      source.show = shown;
    },
    fade,
    remove: () => void widget.dataSources.remove(source, true),
    raise: () => widget.dataSources.raise(source),
    lower: () => widget.dataSources.lower(source),
  };
}

// The pins' pictures stand on their tip, beside what they mean, and hide what lies behind.
function pointsForPins(entities: readonly Entity[]): void {
  for (const entity of entities) {
    if (entity.billboard === undefined) continue;
    entity.billboard = undefined;
    entity.point = pointOf();
  }
}

function pointOf() {
  const made = new CustomDataSource().entities.add({
    point: {
      pixelSize: 9,
      color: Color.fromCssColorString("#ff6bd6"),
      outlineColor: Color.fromCssColorString("#12161c"),
      outlineWidth: 2,
    },
  });
  return made.point;
}

type Fade = (opacity: number) => void;

/** Multiplies the opacity of whatever constant colours the entities have. */
function fader(entities: readonly Entity[]): Fade {
  const fades = entities.flatMap(({ point, billboard, label, polyline, polygon }) => [
    ...colour(point?.color, (made) => {
      if (point) point.color = made;
    }),
    ...colour(billboard?.color ?? new ConstantProperty(Color.WHITE), (made) => {
      if (billboard) billboard.color = made;
    }),
    ...colour(label?.fillColor, (made) => {
      if (label) label.fillColor = made;
    }),
    ...material(polyline?.material),
    ...material(polygon?.material),
  ]);
  return (opacity) => {
    for (const fade of fades) fade(opacity);
  };
}

function colour(property: Property | undefined, set: (made: Property) => void): Fade[] {
  const whole = property?.isConstant ? property.getValue() : undefined;
  if (!(whole instanceof Color)) return [];
  return [(opacity) => set(new ConstantProperty(whole.withAlpha(whole.alpha * opacity)))];
}

function material(property: Property | undefined): Fade[] {
  if (!(property instanceof ColorMaterialProperty)) return [];
  return colour(property.color, (made) => {
    property.color = made;
  });
}

async function tiles(widget: CesiumWidget, url: string, onProblem: OnProblem): Promise<Content> {
  const tileset = await Tileset.fromUrl(url, {
    // As for our own: a CPU that draws has no time for a sky mirrored in each tileset.
    environmentMapOptions: { enabled: false },
    cacheBytes: CACHE_BYTES,
    maximumCacheOverflowBytes: CACHE_BYTES,
  });
  const failed = tileset.tileFailed.addEventListener(({ message }: { message: string }) => {
    failed();
    onProblem(message);
  });
  widget.scene.primitives.add(tileset);
  return {
    show: (shown) => {
      tileset.show = shown;
    },
    fade: (opacity) => {
      tileset.style = new Cesium3DTileStyle({ color: `color('white', ${opacity.toFixed(2)})` });
    },
    remove: () => void widget.scene.primitives.remove(tileset),
    tilesets: [tileset],
  };
}

async function imagery(
  widget: CesiumWidget,
  provider: ImageryProvider,
  onProblem: OnProblem,
): Promise<Content> {
  tellIfNothingComes(provider, onProblem);
  const { imageryLayers } = widget;
  const layer: ImageryLayer = new Imagery(provider);
  imageryLayers.add(layer);
  return {
    show: (shown) => {
      layer.show = shown;
    },
    fade: (opacity) => {
      layer.alpha = opacity;
    },
    remove: () => void imageryLayers.remove(layer),
    raise: () => imageryLayers.raise(layer),
    lower: () => imageryLayers.lower(layer),
    isImagery: true,
  };
}

/** Maps end somewhere, so a missing tile is no problem as long as others have come. */
function tellIfNothingComes(provider: ImageryProvider, onProblem: OnProblem): void {
  const request = provider.requestImage.bind(provider);
  let known = false;
  provider.requestImage = (...place) => {
    const coming = request(...place);
    coming?.then(
      () => {
        known = true;
      },
      () => {},
    );
    return coming;
  };
  provider.errorEvent.addEventListener(({ message }: { message: string }) => {
    if (!known) onProblem(message);
    known = true;
  });
}
