import {
  Cesium3DTileFeature,
  Cesium3DTileStyle,
  type Cesium3DTileset,
  type CesiumWidget,
  Color,
  ColorMaterialProperty,
  ConstantProperty,
  CzmlDataSource,
  type DataSource,
  Entity,
  type ImageryProvider,
  type Property,
  type Resource,
  Cesium3DTileset as Tileset,
  TimeInterval,
  WebMapServiceImageryProvider,
} from "cesium";
import { nameOf } from "../fetch-json";
import { text } from "../i18n";
import { Signal } from "../signal";
import type { ExtraLayer } from "./extra-layer";
import { readGeoJson } from "./features";
import { TilesFolder } from "./folder";
import { DatedImagery, datedPeriod, datedProviders, within } from "./map-tiles";

const CACHE_BYTES = 128 * 2 ** 20;

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
  /** Whether a picked object is part of it. */
  readonly owns: (picked: unknown) => boolean;
  /** The time that it changes in, null where it does not. */
  readonly period: TimeInterval | null;
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
  readonly owns?: (picked: unknown) => boolean;
  readonly period?: TimeInterval | null;
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
    owns: content.owns ?? (() => false),
    period: content.period ?? null,
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
      return dataSource(widget, readGeoJson(data, source.facts?.onGround), source);
    case "czml":
      return dataSource(widget, CzmlDataSource.load(data as string), source);
    case "3d-tiles":
      return tiles(widget, data instanceof TilesFolder ? data.root : source.url, onProblem);
    case "xyz":
      return imagery(widget, source, datedProviders(source), onProblem);
    case "wms":
      return imagery(widget, source, [webMapService(source)], onProblem);
  }
}

/** Parameters of a request that CesiumJS writes itself; people copy addresses that have them. */
const WRITTEN = /^(service|request|version|layers|styles|bbox|width|height|srs|crs|format)$/i;

function webMapService({ url, wmsLayers, facts }: ExtraLayer): WebMapServiceImageryProvider {
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
    parameters: { transparent: true, format: facts?.imageFormat ?? "image/png" },
    ...within(facts?.bounds),
  });
}

async function dataSource(
  widget: CesiumWidget,
  loading: Promise<DataSource>,
  { facts }: ExtraLayer,
): Promise<Content> {
  const source = await loading;
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
    owns: (picked) => {
      const { id } = (picked ?? {}) as { id?: unknown };
      return id instanceof Entity && source.entities.contains(id);
    },
    // What lies on the ground shows only where there is one.
    isImagery: facts?.onGround ?? false,
    period: periodOf(source),
  };
}

function periodOf({ clock }: DataSource): TimeInterval | null {
  if (!clock?.startTime || !clock.stopTime) return null;
  return new TimeInterval({ start: clock.startTime, stop: clock.stopTime });
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

async function tiles(
  widget: CesiumWidget,
  url: string | Resource,
  onProblem: OnProblem,
): Promise<Content> {
  const tileset = await Tileset.fromUrl(url, {
    // As for our own: a CPU that draws has no time for a sky mirrored in each tileset.
    environmentMapOptions: { enabled: false },
    cacheBytes: CACHE_BYTES,
    maximumCacheOverflowBytes: CACHE_BYTES,
  });
  const failed = tileset.tileFailed.addEventListener(
    (problem: { url: string; message: string }) => {
      failed();
      onProblem(`${nameOf(problem.url)}: ${problem.message}`);
    },
  );
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
    owns: (picked) => picked instanceof Cesium3DTileFeature && picked.tileset === tileset,
  };
}

async function imagery(
  widget: CesiumWidget,
  source: ExtraLayer,
  providers: readonly ImageryProvider[],
  onProblem: OnProblem,
): Promise<Content> {
  for (const provider of providers) tellIfNothingComes(provider, onProblem);
  const dated = new DatedImagery(widget, source, providers);
  return {
    show: (shown) => dated.show(shown),
    fade: (opacity) => dated.fade(opacity),
    remove: () => dated.remove(),
    raise: () => dated.raise(),
    lower: () => dated.lower(),
    isImagery: true,
    period: datedPeriod(source),
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
