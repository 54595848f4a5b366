import {
  Cartesian2,
  Cartesian3,
  Cartographic,
  Math as CesiumMath,
  type PerspectiveFrustum,
  type Scene,
  SceneTransforms,
} from "cesium";
import type { TextKey } from "./i18n";
import type { Picker } from "./pick";
import type { AxisPlace, PipeAxis } from "./pipe-axis";

export type SnapKind = "crown" | "ground" | "surface";

export const SNAP_NAMES = {
  crown: "snapCrown",
  ground: "snapGround",
  surface: "snapSurface",
} as const satisfies Record<SnapKind, TextKey>;

/** A place in the scene that a click means. */
export interface Snap {
  readonly kind: SnapKind;
  readonly position: Cartesian3;
  /** The place along a pipe, where the click is at one. */
  readonly along: { readonly axis: PipeAxis; readonly place: AxisPlace } | null;
}

/** What clicks can snap to. */
export interface SnapTargets {
  readonly axes: () => readonly PipeAxis[];
  /** Ellipsoidal height of the ground at longitude and latitude in degrees. */
  readonly groundAt: (lon: number, lat: number) => number | null;
}

const NEAR_PX = 14;
const STEP_M = 0.2;
/** A point so near to the pavement lies on it. */
const ON_GROUND_M = 0.05;
const ROUNDS = 6;
/** The ground lies no higher above a pipe. */
const DEEPEST_M = 20;

/** The crown of a pipe near a click, else the ground above a pipe, else the surface seen there. */
export function snap(
  scene: Scene,
  picker: Picker,
  targets: SnapTargets,
  at: Cartesian2,
): Snap | null {
  const axes = inSight(scene, targets.axes(), at);
  const crown = nearest(scene, axes, at, ({ crown: place }) => place);
  if (crown !== null) return { kind: "crown", position: crown.place.crown, along: crown };
  const ground = nearest(scene, axes, at, ({ ground: place }) => place);
  if (ground?.place.ground) {
    return { kind: "ground", position: ground.place.ground, along: ground };
  }
  const seen = picker.surfaceAt(at) ?? onGround(scene, targets, at);
  return seen === null ? null : settled(seen, targets);
}

/** The pipe's cover where a click is at its crown or at the ground above. */
export function coverAt(found: Snap): AxisPlace | null {
  const place = found.along?.place;
  return place?.ground && place.cover !== null ? place : null;
}

/** The place along an axis nearest to a place of the canvas, within some pixels. */
export function nearest(
  scene: Scene,
  axes: readonly PipeAxis[],
  at: Cartesian2,
  level: (place: AxisPlace) => Cartesian3 | null,
  reach = NEAR_PX,
): { axis: PipeAxis; place: AxisPlace } | null {
  let best: { axis: PipeAxis; chainage: number } | null = null;
  let least = reach;
  for (const axis of axes) {
    let before: Sample | null = null;
    for (const chainage of samples(axis)) {
      const place = level(axis.at(chainage));
      const pixel = place && SceneTransforms.worldToWindowCoordinates(scene, place);
      const here: Sample | null = pixel ? { chainage, pixel } : null;
      if (here && before) {
        const [distance, share] = toSegment(at, before.pixel, here.pixel);
        if (distance < least) {
          least = distance;
          best = { axis, chainage: CesiumMath.lerp(before.chainage, here.chainage, share) };
        }
      }
      before = here;
    }
  }
  return best && { axis: best.axis, place: best.axis.at(best.chainage) };
}

/** Pipes that may pass within reach of a place of the canvas: of thousands, a few. */
function inSight(scene: Scene, axes: readonly PipeAxis[], at: Cartesian2): PipeAxis[] {
  const ray = scene.camera.getPickRay(at);
  if (!ray) return [...axes];
  const { fovy } = scene.camera.frustum as PerspectiveFrustum;
  const perPixel = (2 * Math.tan((fovy ?? 1) / 2)) / scene.canvas.clientHeight;
  return axes.filter(({ sphere: { center, radius } }) => {
    const towards = Cartesian3.subtract(center, ray.origin, new Cartesian3());
    const ahead = Cartesian3.dot(towards, ray.direction);
    const aside2 = Cartesian3.magnitudeSquared(towards) - ahead ** 2;
    const reach = radius + DEEPEST_M + 2 * NEAR_PX * perPixel * Math.max(0, ahead);
    return ahead > -reach && aside2 < reach ** 2;
  });
}

interface Sample {
  readonly chainage: number;
  readonly pixel: Cartesian2;
}

// Dense, because perspective bends what lies between two samples.
function samples(axis: PipeAxis): number[] {
  const steps = Math.max(1, Math.ceil(axis.length / STEP_M));
  return Array.from({ length: steps + 1 }, (_, i) => (axis.length * i) / steps);
}

function toSegment(
  at: Cartesian2,
  from: Cartesian2,
  to: Cartesian2,
): [distance: number, share: number] {
  const along = Cartesian2.subtract(to, from, new Cartesian2());
  const length = Cartesian2.magnitudeSquared(along);
  const towards = Cartesian2.subtract(at, from, new Cartesian2());
  const share = length === 0 ? 0 : CesiumMath.clamp(Cartesian2.dot(towards, along) / length, 0, 1);
  const foot = Cartesian2.lerp(from, to, share, new Cartesian2());
  return [Cartesian2.distance(at, foot), share];
}

/** Where the line of sight meets the ground beside all points. */
function onGround(scene: Scene, targets: SnapTargets, at: Cartesian2): Cartesian3 | null {
  const ray = scene.camera.getPickRay(at);
  const [first] = targets.axes();
  if (!ray || !first) return null;
  let height = Cartographic.fromCartesian(first.at(0).ground ?? first.at(0).crown).height;
  let place: Cartesian3 | null = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    const origin = Cartographic.fromCartesian(ray.origin);
    const up = Cartesian3.normalize(ray.origin, new Cartesian3());
    const fall = -Cartesian3.dot(ray.direction, up);
    const distance = (origin.height - height) / fall;
    if (!(distance > 0) || distance > 1000) return null;
    place = Cartesian3.add(
      ray.origin,
      Cartesian3.multiplyByScalar(ray.direction, distance, new Cartesian3()),
      new Cartesian3(),
    );
    const { longitude, latitude } = Cartographic.fromCartesian(place);
    const ground = targets.groundAt(
      CesiumMath.toDegrees(longitude),
      CesiumMath.toDegrees(latitude),
    );
    if (ground === null) return null;
    height = ground;
  }
  return place;
}

function settled(seen: Cartesian3, targets: SnapTargets): Snap {
  const { longitude, latitude, height } = Cartographic.fromCartesian(seen);
  const ground = targets.groundAt(CesiumMath.toDegrees(longitude), CesiumMath.toDegrees(latitude));
  if (ground === null || Math.abs(height - ground) > ON_GROUND_M) {
    return { kind: "surface", position: seen, along: null };
  }
  const position = Cartesian3.fromRadians(longitude, latitude, ground);
  return { kind: "ground", position, along: null };
}
