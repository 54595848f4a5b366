import {
  ClassificationType,
  Color,
  ConstantProperty,
  type DataSource,
  type Entity,
  GeoJsonDataSource,
  HeightReference,
  PointGraphics,
  type Property,
} from "cesium";

const PLAIN = Color.fromCssColorString("#ff6bd6");
const EDGE = Color.fromCssColorString("#12161c");

/**
 * Read GeoJSON. A height in the data is the height meant; what has none is laid on the ground,
 * which lies far above the ellipsoid.
 */
export async function readGeoJson(data: unknown, onGround?: boolean): Promise<DataSource> {
  const flat = onGround ?? isFlat(data);
  const source = await GeoJsonDataSource.load(data as string, {
    clampToGround: flat,
    stroke: PLAIN,
    strokeWidth: 3,
    fill: PLAIN.withAlpha(0.35),
    markerColor: PLAIN,
  });
  pointsForPins(source.entities.values, flat);
  if (flat) onlyOnGround(source.entities.values);
  return source;
}

/** Whether dropped data has no heights; of an address it is not known before it is loaded. */
export function isFlat(data: unknown): boolean {
  if (typeof data !== "object" || data === null) return false;
  const found = firstPosition(data);
  return found !== null && found.length < 3;
}

function firstPosition(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) {
    if (typeof value[0] === "number") return value;
    return firstOf(value);
  }
  const { coordinates, geometry, geometries, features } = (value ?? {}) as Record<string, unknown>;
  return firstOf([coordinates, geometry, geometries, features]);
}

function firstOf(values: readonly unknown[]): readonly unknown[] | null {
  for (const value of values) {
    const found = typeof value === "object" && value !== null ? firstPosition(value) : null;
    if (found !== null) return found;
  }
  return null;
}

// Not over the walls of a trench and its pipes, which would be painted as well.
function onlyOnGround(entities: readonly Entity[]): void {
  const type = new ConstantProperty(ClassificationType.TERRAIN);
  for (const { polygon, polyline } of entities) {
    if (polyline) polyline.classificationType = type;
    if (!polygon) continue;
    polygon.classificationType = type;
    // There are none on the ground, and each would be complained of.
    polygon.outline = new ConstantProperty(false);
  }
}

// The pins' pictures stand on their tip, beside what they mean, and hide what lies behind.
function pointsForPins(entities: readonly Entity[], onGround: boolean): void {
  for (const entity of entities) {
    if (entity.billboard === undefined) continue;
    entity.billboard = undefined;
    entity.point = new PointGraphics({
      pixelSize: 10,
      color: colourOf(entity.properties?.["marker-color"]),
      outlineColor: EDGE,
      outlineWidth: 2,
      ...(onGround && {
        heightReference: HeightReference.CLAMP_TO_GROUND,
        // The pavement's points lie at the same height.
        disableDepthTestDistance: new ConstantProperty(Number.POSITIVE_INFINITY),
      }),
    });
  }
}

function colourOf(property: Property | undefined): Color {
  const text: unknown = property?.getValue();
  return (typeof text === "string" && Color.fromCssColorString(text)) || PLAIN;
}
