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
  const groups = grouped(places);
  for (const { sites } of groups) {
    for (const site of sites) {
      dots.add({
        id: new SiteMark(site, sites),
        position: places.get(site) ?? Cartesian3.ZERO,
        pixelSize: 9,
        color: DOT,
        outlineColor: PAPER,
        outlineWidth: 2,
        distanceDisplayCondition: far,
        disableDepthTestDistance: Number.POSITIVE_INFINITY,
      });
    }
  }
  for (const { position, sites } of groups.slice(0, MOST_NAMES)) {
    const [first, ...others] = sites;
    names.add({
      id: new SiteMark(first, sites),
      position,
      text: others.length === 0 ? first : `${first} +${others.length}`,
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

/** The dot or name that a picked object is, null where it is none. */
export function siteMarkOf(picked: unknown): SiteMark | null {
  const id = (picked as { id?: unknown } | undefined)?.id;
  return id instanceof SiteMark ? id : null;
}

/** What a dot or name stands for: a site, and with it all those that share its name. */
export class SiteMark {
  readonly site: string;
  readonly group: readonly string[];

  constructor(site: string, group: readonly string[]) {
    this.site = site;
    this.group = group;
  }
}

interface Group {
  readonly position: Cartesian3;
  readonly sites: [string, ...string[]];
}

/** Sites so near to each other that from afar one name would cover the other's. */
function grouped(places: ReadonlyMap<string, Cartesian3>): Group[] {
  const { radius } = BoundingSphere.fromPoints([...places.values()]);
  const reach = Math.max(FROM_M / 2, radius * NEAR_SHARE);
  const groups: Group[] = [];
  for (const [site, position] of places) {
    const near = groups.find((group) => Cartesian3.distance(group.position, position) < reach);
    if (near === undefined) groups.push({ position, sites: [site] });
    else near.sites.push(site);
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
