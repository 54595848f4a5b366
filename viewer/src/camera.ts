import {
  BoundingSphere,
  type Camera,
  Cartesian3,
  Math as CesiumMath,
  HeadingPitchRange,
  Matrix4,
  type PerspectiveFrustum,
  type Scene,
  Transforms,
} from "cesium";
import type { Dataset, LocatedPipe } from "./dataset";
import { covered } from "./layout";
import type { Preset } from "./toolbar";

const PITCH = CesiumMath.toRadians(-44);
// Walls hide the pipe from a view across its trench; along it both are seen to their floor.
const OFF_AXIS = CesiumMath.toRadians(17);
const STEEP = CesiumMath.toRadians(60);
/** Rise per run. */
const STEEP_GRADE = 0.1;
const FLIGHT_SECONDS = 1.2;
// So far away both ends of what is looked at, also the near one, are within the picture.
const RANGE_RADII = 3.3;
/** However much is covered, nothing is looked at from farther than its double distance. */
const LEAST_FREE = 0.5;

/** A place to look at, and from where. */
export interface View {
  readonly target: BoundingSphere;
  readonly offset: HeadingPitchRange;
}

/** The first view: the pipes of a single site along their trench, or all sites. */
export function homeView(dataset: Dataset): View | null {
  const vertices = dataset.pipes.flatMap((pipe) => pipe.vertices);
  const boxes = dataset.links.flatMap(({ box }) => (box === null ? [] : [box]));
  const longest = longestPipe(dataset.pipes);
  if (longest === null || vertices.length === 0) {
    const spheres = boxes.map((box) => BoundingSphere.fromOrientedBoundingBox(box));
    return spheres.length === 0 ? null : viewOf(BoundingSphere.fromBoundingSpheres(spheres), 0);
  }
  return viewOf(BoundingSphere.fromPoints([...vertices]), axisHeading(longest.vertices));
}

/** Some sites as the first view would show them. */
export function sitesView(dataset: Dataset, sites: readonly string[]): View | null {
  return homeView({
    ...dataset,
    pipes: dataset.pipes.filter(({ record }) => sites.includes(record.site ?? "")),
    links: dataset.links.filter(({ site }) => sites.includes(site ?? "")),
  });
}

/** One pipe from above, along its trench: a branch or crossing lies in that of a longer pipe. */
export function pipeView(pipe: LocatedPipe, all: readonly LocatedPipe[]): View {
  const sameSite = all.filter(({ record }) => record.site === pipe.record.site);
  const guide = pipe.record.role === "main" ? pipe : (longestPipe(sameSite) ?? pipe);
  return viewOf(BoundingSphere.fromPoints([...pipe.vertices]), axisHeading(guide.vertices));
}

/** The same target from straight above, from the side, or from below the street. */
export function presetView(
  dataset: Dataset,
  pipe: LocatedPipe | null,
  preset: Preset,
): View | null {
  const plain = pipe === null ? homeView(dataset) : pipeView(pipe, dataset.pipes);
  if (plain === null) return null;
  const axis = plain.offset.heading - OFF_AXIS;
  const { range } = plain.offset;
  const across = axis + CesiumMath.PI_OVER_TWO;
  const offsets: Readonly<Record<Preset, HeadingPitchRange>> = {
    top: new HeadingPitchRange(across, CesiumMath.toRadians(-89.9), range),
    side: new HeadingPitchRange(across, CesiumMath.toRadians(-4), range),
    below: new HeadingPitchRange(axis + OFF_AXIS, CesiumMath.toRadians(28), 0.75 * range),
  };
  return { target: plain.target, offset: offsets[preset] };
}

/** Go there: at once where the user wants no motion. */
export function goTo({ camera, canvas }: Scene, view: View, animated: boolean): void {
  const from = poseOf(camera);
  camera.cancelFlight();
  camera.viewBoundingSphere(view.target, view.offset);
  camera.lookAtTransform(Matrix4.IDENTITY);
  turnAside(camera, canvas, view);
  if (!animated || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const to = poseOf(camera);
  camera.setView(from);
  camera.flyTo({ ...to, duration: FLIGHT_SECONDS });
}

/** What is in the middle of the scene stays amid what is free of it when charts come or go. */
export function keepInSight(scene: Scene): void {
  const { camera, canvas } = scene;
  const dock = document.getElementById("dock");
  if (dock === null) return;
  // Not all that is covered: a panel below the scene has been reckoned with by who opened it.
  const reach = () => {
    const { height, top } = dock.getBoundingClientRect();
    return height === 0 ? 0 : window.innerHeight - top;
  };
  let before = reach();
  new ResizeObserver(() => {
    const now = reach();
    if (now !== before) {
      camera.lookDown(Math.atan((now - before) / 2 / focalPixels(camera, canvas)));
      scene.requestRender();
    }
    before = now;
  }).observe(dock);
}

function focalPixels({ frustum }: Camera, { clientHeight }: HTMLCanvasElement): number {
  const { fovy } = frustum as PerspectiveFrustum;
  return clientHeight / 2 / Math.tan((fovy ?? 1) / 2);
}

function poseOf(camera: Camera) {
  const { heading, pitch, roll } = camera;
  return {
    destination: Cartesian3.clone(camera.positionWC),
    orientation: { heading, pitch, roll },
  };
}

/** Bring the target to the middle of what sidebar, panel and charts leave free, and in whole. */
function turnAside(camera: Camera, canvas: HTMLCanvasElement, { offset }: View): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const focal = focalPixels(camera, canvas);
  const { left, right, bottom } = covered();
  const free = Math.min((width - left - right) / (width - left), (height - bottom) / height);
  const range = offset.range / Math.max(free, LEAST_FREE);
  camera.moveBackward(range - offset.range);
  const aside = (left - right) / 2 / focal;
  const above = bottom / 2 / focal;
  if (Math.abs(offset.pitch) > STEEP) {
    camera.moveLeft(range * aside);
    camera.moveDown(range * above);
    return;
  }
  // Turned rather than moved: from the side, walls would hide the pipe.
  const { destination, orientation } = poseOf(camera);
  const heading = orientation.heading - Math.atan(aside) / Math.cos(offset.pitch);
  const pitch = orientation.pitch - Math.atan(above);
  camera.setView({ destination, orientation: { ...orientation, heading, pitch } });
}

/** Direction of light that falls into the trench from over the viewer's left shoulder. */
export function lightDirection(view: View): Cartesian3 {
  const heading = view.offset.heading + CesiumMath.toRadians(40);
  const local = new Cartesian3(Math.sin(heading), Math.cos(heading), -1.6);
  const frame = Transforms.eastNorthUpToFixedFrame(view.target.center);
  const direction = Matrix4.multiplyByPointAsVector(frame, local, new Cartesian3());
  return Cartesian3.normalize(direction, direction);
}

function viewOf(sphere: BoundingSphere, axis: number): View {
  const range = Math.max(4, RANGE_RADII * sphere.radius);
  return { target: sphere, offset: new HeadingPitchRange(axis + OFF_AXIS, PITCH, range) };
}

function longestPipe(pipes: readonly LocatedPipe[]): LocatedPipe | null {
  const length = ({ record }: LocatedPipe) => record.length_m ?? 0;
  return pipes.reduce<LocatedPipe | null>(
    (best, pipe) => (best === null || length(pipe) > length(best) ? pipe : best),
    null,
  );
}

/** Bearing of a pipe from end to end, clockwise from north; of a steep one, upwards. */
function axisHeading(vertices: readonly Cartesian3[]): number {
  const [first, last] = [vertices[0], vertices.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const toLocal = Matrix4.inverse(Transforms.eastNorthUpToFixedFrame(first), new Matrix4());
  const { x, y, z } = Matrix4.multiplyByPoint(toLocal, last, new Cartesian3());
  // Looking down a steep trench one would see no more than its walls.
  const downwards = z < -STEEP_GRADE * Math.hypot(x, y);
  return downwards ? Math.atan2(-x, -y) : Math.atan2(x, y);
}
