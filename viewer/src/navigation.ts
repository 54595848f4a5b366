import { Cartesian2, Math as CesiumMath } from "cesium";
import type { Orbit } from "./orbit";

const RADIANS_PER_PIXEL = 0.006;
const KEY_TURN = CesiumMath.toRadians(6);
const KEY_SHIFT_PX = 20;
const KEY_ZOOM = 0.8;
const ZOOM_PER_PIXEL = 1.0014;
const PIXELS_PER_LINE = 33;
/** Within one movement of a wheel the pivot stays. */
const WHEEL_PAUSE_MS = 250;

/**
 * Mouse: drag turns, drag with the right or middle button or Shift shifts, the wheel approaches.
 * Touch: one finger turns, two shift and approach. Keys on the canvas: arrows turn, with Shift they
 * shift, + and - approach.
 */
export function navigate(canvas: HTMLCanvasElement, orbit: Orbit, onStart: () => void): void {
  followPointers(canvas, orbit, onStart);
  followWheel(canvas, orbit, onStart);
  followKeys(canvas, orbit, onStart);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
}

function followPointers(canvas: HTMLCanvasElement, orbit: Orbit, onStart: () => void): void {
  const fingers = new Map<number, Cartesian2>();
  canvas.addEventListener("pointerdown", (event) => {
    onStart();
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, placeOf(event));
    orbit.grasp(middleOf(fingers));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const [middle, spread] = [middleOf(fingers), spreadOf(fingers)];
    fingers.set(event.pointerId, placeOf(event));
    const by = Cartesian2.subtract(middleOf(fingers), middle, new Cartesian2());
    if (fingers.size > 1) orbit.approach(spread / spreadOf(fingers));
    if (fingers.size > 1 || event.shiftKey || event.buttons > 1) orbit.shift(by.x, by.y);
    else orbit.turn(-by.x * RADIANS_PER_PIXEL, -by.y * RADIANS_PER_PIXEL);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
}

function followWheel(canvas: HTMLCanvasElement, orbit: Orbit, onStart: () => void): void {
  let last = Number.NEGATIVE_INFINITY;
  const turned = (event: WheelEvent) => {
    event.preventDefault();
    onStart();
    if (event.timeStamp - last > WHEEL_PAUSE_MS) orbit.grasp(placeOf(event));
    last = event.timeStamp;
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : PIXELS_PER_LINE;
    orbit.approach(ZOOM_PER_PIXEL ** (event.deltaY * pixels));
  };
  canvas.addEventListener("wheel", turned, { passive: false });
}

function followKeys(canvas: HTMLCanvasElement, orbit: Orbit, onStart: () => void): void {
  const shifts: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => orbit.shift(KEY_SHIFT_PX, 0),
    ArrowRight: () => orbit.shift(-KEY_SHIFT_PX, 0),
    ArrowUp: () => orbit.shift(0, KEY_SHIFT_PX),
    ArrowDown: () => orbit.shift(0, -KEY_SHIFT_PX),
  };
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => orbit.turn(-KEY_TURN, 0),
    ArrowRight: () => orbit.turn(KEY_TURN, 0),
    ArrowUp: () => orbit.turn(0, -KEY_TURN),
    ArrowDown: () => orbit.turn(0, KEY_TURN),
    "+": () => orbit.approach(KEY_ZOOM),
    "-": () => orbit.approach(1 / KEY_ZOOM),
    // The key of + on Japanese and English keyboards, without Shift.
    ";": () => orbit.approach(KEY_ZOOM),
    "=": () => orbit.approach(KEY_ZOOM),
  };
  canvas.tabIndex = 0;
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = (event.shiftKey ? shifts[event.key] : undefined) ?? actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    onStart();
    action();
  });
}

function placeOf(event: MouseEvent): Cartesian2 {
  return new Cartesian2(event.offsetX, event.offsetY);
}

function middleOf(fingers: ReadonlyMap<number, Cartesian2>): Cartesian2 {
  const sum = [...fingers.values()].reduce(
    (total, place) => Cartesian2.add(total, place, total),
    new Cartesian2(),
  );
  return Cartesian2.divideByScalar(sum, fingers.size, sum);
}

function spreadOf(fingers: ReadonlyMap<number, Cartesian2>): number {
  const [first, second] = [...fingers.values()];
  if (first === undefined || second === undefined) return 1;
  return Math.max(Cartesian2.distance(first, second), 1);
}
