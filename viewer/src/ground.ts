import {
  Cartesian3,
  Cartographic,
  Math as CesiumMath,
  ClippingPolygon,
  ClippingPolygonCollection,
  CustomHeightmapTerrainProvider,
  GeographicTilingScheme,
  type OrientedBoundingBox,
  Rectangle,
} from "cesium";
import type { GroundLevel } from "./dataset";

const SAMPLES = 32;
const EARTH_RADIUS_M = 6_378_137;
/** Sites nearer to each other than this share their ground. */
const SITE_SPACING_M = 20;
/** Tiles up to so wide are flat enough to measure in them, radians. */
const MOST_TILE_WIDTH = 0.05;
/** Distances are taken at one latitude for a whole tile, and east-west ones change within it. */
const REACH_MARGIN = 1.1;

/**
 * Terrain at the height of the nearest known ground; without it data would float or drown.
 *
 * Its tiles are as large as its flatness allows. Maps need small ones: CesiumJS takes their level of
 * detail from the terrain's error, and would lay thousands of map tiles on a single one.
 */
export function groundTerrain(
  levels: readonly GroundLevel[],
  carriesMaps: boolean,
): CustomHeightmapTerrainProvider {
  const tilingScheme = new GeographicTilingScheme();
  const provider = new CustomHeightmapTerrainProvider({
    width: SAMPLES,
    height: SAMPLES,
    tilingScheme,
    callback: (x, y, level) => heights(levels, tilingScheme.tileXYToRectangle(x, y, level)),
  });
  if (carriesMaps) return provider;
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

function heights(all: readonly GroundLevel[], tile: Rectangle): Float32Array {
  const levels = nearTo(all, tile);
  // Rows run from north to south.
  return Float32Array.from({ length: SAMPLES * SAMPLES }, (_, index) => {
    const column = (index % SAMPLES) / (SAMPLES - 1);
    const row = Math.floor(index / SAMPLES) / (SAMPLES - 1);
    const longitude = CesiumMath.lerp(tile.west, tile.east, column);
    return groundHeight(levels, longitude, CesiumMath.lerp(tile.north, tile.south, row));
  });
}

/** Those of many levels that can be the nearest to some place in a tile. */
function nearTo(levels: readonly GroundLevel[], tile: Rectangle): readonly GroundLevel[] {
  if (levels.length < 2 || tile.width > MOST_TILE_WIDTH) return levels;
  const { longitude, latitude } = Rectangle.center(tile);
  // Of a tile in the north its southern edge is the longest.
  const scale = Math.cos(Math.max(0, Math.min(Math.abs(tile.south), Math.abs(tile.north))));
  const away = levels.map((level) =>
    Math.hypot(
      CesiumMath.negativePiToPi(level.longitude - longitude) * scale,
      level.latitude - latitude,
    ),
  );
  const radius = Math.hypot(tile.width * scale, tile.height) / 2;
  const reach = away.reduce((least, value) => Math.min(least, value)) + 2 * radius;
  return levels.filter((_, i) => (away[i] ?? 0) <= REACH_MARGIN * reach);
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
