import {
  Cesium3DTileColorBlendMode,
  Cesium3DTileFeature,
  type CesiumWidget,
  Color,
  ColorMaterialProperty,
  ConstantProperty,
  Entity,
  type MaterialProperty,
  type Property,
} from "cesium";
import { drawnUntil } from "../drawn";
import { SELECTED } from "../palette";
import type { Signal } from "../signal";
import type { FeatureInfo } from "./attributes";
import type { Extras } from "./extras";

const COLOUR = Color.fromCssColorString(SELECTED);
/** What lies below a marked surface stays visible. */
const SURFACE = COLOUR.withAlpha(0.55);
const FEWEST_FRAMES = 3;
const LONGEST_MS = 4_000;

type Undo = () => void;

/** Marks the clicked feature of an added layer, as a selected pipe is marked. */
export function highlightFeature(
  widget: CesiumWidget,
  extras: Extras,
  shown: Signal<FeatureInfo | null>,
): void {
  let undo: Undo | null = null;
  const draw = () => {
    const isReady = () => widget.dataSourceDisplay.ready;
    void drawnUntil(widget.scene, isReady, FEWEST_FRAMES, LONGEST_MS);
  };
  const mark = (info: FeatureInfo | null) => {
    undo?.();
    undo = info && marked(info.picked);
    draw();
  };
  // Fading paints anew what it fades, in the course of a frame.
  const again = () => {
    undo = null;
    const painted = widget.scene.postRender.addEventListener(() => {
      painted();
      mark(shown.value);
    });
    draw();
  };
  let layer: FeatureInfo["of"] | null = null;
  shown.follow((info) => {
    layer?.opacity.unfollow(again);
    layer = info?.of ?? null;
    layer?.opacity.follow(again);
    mark(info);
  });
  extras.added.follow((layers) => {
    if (layer && !layers.includes(layer)) shown.set(null);
  });
}

function marked(picked: unknown): Undo | null {
  if (picked instanceof Cesium3DTileFeature) return markedTile(picked);
  const entity = (picked as { id?: unknown } | null)?.id;
  if (!(entity instanceof Entity)) return null;
  const undos = [...linesOf(entity), ...surfacesOf(entity), ...signsOf(entity)];
  return () => {
    for (const undo of undos) undo();
  };
}

function markedTile(feature: Cesium3DTileFeature): Undo {
  const { tileset } = feature;
  const before = Color.clone(feature.color);
  const { colorBlendMode } = tileset;
  feature.color = COLOUR;
  // Else the mark would be mixed with a colour of the feature's own; what is white stays as it is.
  tileset.colorBlendMode = Cesium3DTileColorBlendMode.REPLACE;
  return () => {
    if (tileset.isDestroyed()) return;
    tileset.colorBlendMode = colorBlendMode;
    try {
      feature.color = before;
    } catch {
      // Its tile has been unloaded meanwhile.
    }
    tileset.makeStyleDirty();
  };
}

function linesOf({ polyline, path, polylineVolume }: Entity): Undo[] {
  return painted([polyline, path, polylineVolume], COLOUR);
}

function surfacesOf(entity: Entity): Undo[] {
  const { polygon, ellipse, rectangle, corridor, wall, box, cylinder, ellipsoid } = entity;
  return painted([polygon, ellipse, rectangle, corridor, wall, box, cylinder, ellipsoid], SURFACE);
}

// Not the material's own colour, which features without a look of their own share.
function painted(graphics: readonly (object | undefined)[], colour: Color): Undo[] {
  return graphics.flatMap((graphic) => {
    if (graphic === undefined) return [];
    const one = graphic as { material: MaterialProperty | undefined };
    const before = one.material;
    one.material = new ColorMaterialProperty(colour);
    return [
      () => {
        one.material = before;
      },
    ];
  });
}

function signsOf({ point, billboard, label, model }: Entity): Undo[] {
  return [
    ...set(point?.color, (value) => {
      if (point) point.color = value;
    }),
    ...set(billboard?.color, (value) => {
      if (billboard) billboard.color = value;
    }),
    ...set(label?.fillColor, (value) => {
      if (label) label.fillColor = value;
    }),
    ...set(model?.color, (value) => {
      if (model) model.color = value;
    }),
  ];
}

function set(before: Property | undefined, write: (value: Property | undefined) => void): Undo[] {
  write(new ConstantProperty(COLOUR));
  return [() => write(before)];
}
