import {
  Cartesian3,
  Cartographic,
  Math as CesiumMath,
  ClippingPolygon,
  ClippingPolygonCollection,
  CustomHeightmapTerrainProvider,
  GeographicTilingScheme,
  type OrientedBoundingBox,
  type Rectangle,
} from "cesium";
import type { GroundLevel } from "./dataset";

const SAMPLES = 32;
const EARTH_RADIUS_M = 6_378_137;
/** Sites nearer to each other than this share their ground. */
const SITE_SPACING_M = 20;

/** Terrain at the height of the nearest known ground; without it data would float or drown. */
export function groundTerrain(levels: readonly GroundLevel[]): CustomHeightmapTerrainProvider {
  const tilingScheme = new GeographicTilingScheme();
  const provider = new CustomHeightmapTerrainProvider({
    width: SAMPLES,
    height: SAMPLES,
    tilingScheme,
    callback: (x, y, level) => heights(levels, tilingScheme.tileXYToRectangle(x, y, level)),
  });
  // CesiumJS expects mountains and would refine to the last pixel.
  provider.getLevelMaximumGeometricError = (level) => flatError(levels, level);
  return provider;
}

/** Height of the ground nearest to a place, 0 where none is known. */
export function groundHeight(
  levels: readonly GroundLevel[],
  longitude: number,
  latitude: number,
): number {
  const scale = Math.cos(latitude);
  let nearest = Number.POSITIVE_INFINITY;
  let height = 0;
  for (const level of levels) {
    const east = CesiumMath.negativePiToPi(level.longitude - longitude) * scale;
    const distance = Math.hypot(east, level.latitude - latitude);
    if (distance < nearest) [nearest, height] = [distance, level.height];
  }
  return height;
}

/** Openings in the globe over scans, whose points are the ground there. */
export function openings(boxes: readonly OrientedBoundingBox[]): ClippingPolygonCollection {
  const polygons = boxes.map((box) => new ClippingPolygon({ positions: footprint(box) }));
  return new ClippingPolygonCollection({ polygons });
}

// Between samples the ground is a chord of the earth; between sites it is a step.
function flatError(levels: readonly GroundLevel[], tileLevel: number): number {
  const spacing = (Math.PI * EARTH_RADIUS_M) / 2 ** tileLevel / (SAMPLES - 1);
  const known = levels.map(({ height }) => height);
  const step = known.length < 2 ? 0 : Math.max(...known) - Math.min(...known);
  return spacing ** 2 / (8 * EARTH_RADIUS_M) + (spacing > SITE_SPACING_M ? step : 0);
}

function heights(levels: readonly GroundLevel[], tile: Rectangle): Float32Array {
  // Rows run from north to south.
  return Float32Array.from({ length: SAMPLES * SAMPLES }, (_, index) => {
    const column = (index % SAMPLES) / (SAMPLES - 1);
    const row = Math.floor(index / SAMPLES) / (SAMPLES - 1);
    const longitude = CesiumMath.lerp(tile.west, tile.east, column);
    return groundHeight(levels, longitude, CesiumMath.lerp(tile.north, tile.south, row));
  });
}

function footprint(box: OrientedBoundingBox): Cartesian3[] {
  const places = box.computeCorners().map((corner) => Cartographic.fromCartesian(corner));
  const centre = Cartographic.fromCartesian(box.center);
  const bearing = ({ longitude, latitude }: Cartographic) =>
    Math.atan2(latitude - centre.latitude, (longitude - centre.longitude) * Math.cos(latitude));
  const lower = places.sort((a, b) => a.height - b.height).slice(0, 4);
  lower.sort((a, b) => bearing(a) - bearing(b));
  return lower.map(({ longitude, latitude }) => Cartesian3.fromRadians(longitude, latitude));
}
