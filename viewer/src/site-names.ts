import {
  BoundingSphere,
  Cartesian2,
  Cartesian3,
  Cartographic,
  type CesiumWidget,
  Color,
  DistanceDisplayCondition,
  HorizontalOrigin,
  LabelCollection,
  LabelStyle,
  PointPrimitiveCollection,
} from "cesium";
import type { Dataset } from "./dataset";

/** From here on a site is smaller than its own name. */
const FROM_M = 400;
/** As a share of the distance between all sites. */
const NEAR_SHARE = 0.08;
/** More names would cover each other; the dots stay. */
const MOST_NAMES = 200;
const DOT = Color.fromCssColorString("#4fb3ff");
const PAPER = Color.fromCssColorString("#12161c");

/** Dots with the names of sites that lie apart: seen from afar their scans are less than a pixel. */
export function nameSites({ scene }: CesiumWidget, dataset: Dataset): void {
  const places = placesOf(dataset);
  if (places.size < 2) return;
  const far = new DistanceDisplayCondition(FROM_M, Number.MAX_VALUE);
  const dots = scene.primitives.add(new PointPrimitiveCollection()) as PointPrimitiveCollection;
  const names = scene.primitives.add(new LabelCollection({ scene })) as LabelCollection;
  for (const [site, position] of places) {
    dots.add({
      id: new SiteMark(site),
      position,
      pixelSize: 9,
      color: DOT,
      outlineColor: PAPER,
      outlineWidth: 2,
      distanceDisplayCondition: far,
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
    });
  }
  for (const { site, position, others } of grouped(places).slice(0, MOST_NAMES)) {
    names.add({
      id: new SiteMark(site),
      position,
      text: others === 0 ? site : `${site} +${others}`,
      font: "600 13px system-ui, 'Noto Sans JP', sans-serif",
      style: LabelStyle.FILL,
      horizontalOrigin: HorizontalOrigin.CENTER,
      fillColor: Color.WHITE,
      showBackground: true,
      backgroundColor: PAPER.withAlpha(0.85),
      backgroundPadding: new Cartesian2(7, 4),
      pixelOffset: new Cartesian2(0, -20),
      distanceDisplayCondition: far,
      disableDepthTestDistance: Number.POSITIVE_INFINITY,
    });
  }
}

/** Whether a picked object is the dot or name of a site, and of which. */
export function siteOf(picked: unknown): string | null {
  const id = (picked as { id?: unknown } | undefined)?.id;
  return id instanceof SiteMark ? id.site : null;
}

/** What the dots and names carry. */
class SiteMark {
  readonly site: string;

  constructor(site: string) {
    this.site = site;
  }
}

interface Group {
  readonly site: string;
  readonly position: Cartesian3;
  others: number;
}

/** Sites so near to each other that from afar one name would cover the other's. */
function grouped(places: ReadonlyMap<string, Cartesian3>): Group[] {
  const { radius } = BoundingSphere.fromPoints([...places.values()]);
  const reach = Math.max(FROM_M / 2, radius * NEAR_SHARE);
  const groups: Group[] = [];
  for (const [site, position] of places) {
    const near = groups.find((group) => Cartesian3.distance(group.position, position) < reach);
    if (near === undefined) groups.push({ site, position, others: 0 });
    else near.others += 1;
  }
  return groups;
}

/** The middle of each site's points, or of its first pipe. */
function placesOf({ links, pipes }: Dataset): Map<string, Cartesian3> {
  const places = new Map<string, Cartesian3>();
  for (const { record, vertices } of pipes) {
    const [first] = vertices;
    if (record.site !== null && first !== undefined) places.set(record.site, first);
  }
  for (const { layer, site, box } of links) {
    if (layer !== "points" || site === null || box === null) continue;
    const { longitude, latitude, height } = Cartographic.fromCartesian(box.center);
    places.set(site, Cartesian3.fromRadians(longitude, latitude, height));
  }
  return places;
}
