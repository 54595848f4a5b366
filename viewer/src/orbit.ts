import {
  type Camera,
  type Cartesian2,
  Cartesian3,
  Math as CesiumMath,
  Ellipsoid,
  Matrix3,
  type PerspectiveFrustum,
  Quaternion,
  type Scene,
} from "cesium";

const NEAREST_M = 0.3;
const STEEPEST = CesiumMath.toRadians(89.5);

/**
 * Moves the camera about a pivot in the scene. CesiumJS's own controls measure from the globe:
 * over an open trench, or with the ground hidden, they shoot past it.
 */
export class Orbit {
  readonly #scene: Scene;
  #pivot: Cartesian3;

  /** Take where to turn about until something has been pointed at. */
  constructor(scene: Scene, pivot: Cartesian3) {
    this.#scene = scene;
    this.#pivot = Cartesian3.clone(pivot);
    scene.screenSpaceCameraController.enableInputs = false;
    // The way under the ground is free.
    scene.screenSpaceCameraController.enableCollisionDetection = false;
  }

  /** Make the point under a place of the canvas the pivot; beside everything, keep its distance. */
  grasp(place: Cartesian2): void {
    const picked = this.#scene.pickPosition(place);
    if (picked) {
      this.#pivot = picked;
      return;
    }
    const { camera } = this.#scene;
    const ray = camera.getPickRay(place);
    if (ray === undefined) return;
    const cosine = Cartesian3.dot(ray.direction, camera.direction);
    const along = Cartesian3.multiplyByScalar(ray.direction, this.#depth() / cosine, ray.direction);
    this.#pivot = Cartesian3.add(ray.origin, along, new Cartesian3());
  }

  /** Make a place in the scene the pivot, after a flight to it. */
  settleOn(pivot: Cartesian3): void {
    this.#pivot = Cartesian3.clone(pivot);
  }

  /** Turn about the pivot: to the right about the vertical, then up. */
  turn(right: number, up: number): void {
    const { camera } = this.#scene;
    const pitch = CesiumMath.clamp(camera.pitch + up, -STEEPEST, STEEPEST);
    const vertical = Ellipsoid.WGS84.geodeticSurfaceNormal(this.#pivot);
    this.#rotate(camera, camera.right, pitch - camera.pitch);
    this.#rotate(camera, vertical, right);
  }

  /** Shift the picture by pixels; the pivot stays under the finger. */
  shift(right: number, down: number): void {
    const { camera, canvas } = this.#scene;
    const { fovy } = camera.frustum as PerspectiveFrustum;
    const metres = (2 * this.#depth() * Math.tan((fovy ?? 1) / 2)) / canvas.clientHeight;
    camera.moveRight(-right * metres);
    camera.moveUp(down * metres);
  }

  /** Change the distance to the pivot by a factor, never past it. */
  approach(factor: number): void {
    const { camera } = this.#scene;
    const offset = Cartesian3.subtract(camera.positionWC, this.#pivot, new Cartesian3());
    const distance = Cartesian3.magnitude(offset);
    if (distance === 0) return;
    const wanted = Math.max(distance * factor, Math.min(distance, NEAREST_M));
    Cartesian3.multiplyByScalar(offset, wanted / distance, offset);
    Cartesian3.add(this.#pivot, offset, camera.position);
  }

  #depth(): number {
    const { positionWC, directionWC } = this.#scene.camera;
    const towards = Cartesian3.subtract(this.#pivot, positionWC, new Cartesian3());
    return Math.max(Cartesian3.dot(towards, directionWC), NEAREST_M);
  }

  #rotate(camera: Camera, axis: Cartesian3, angle: number): void {
    const turn = Matrix3.fromQuaternion(Quaternion.fromAxisAngle(axis, angle));
    const turned = (vector: Cartesian3) => Matrix3.multiplyByVector(turn, vector, new Cartesian3());
    const offset = Cartesian3.subtract(camera.positionWC, this.#pivot, new Cartesian3());
    const destination = Cartesian3.add(this.#pivot, turned(offset), new Cartesian3());
    const orientation = { direction: turned(camera.directionWC), up: turned(camera.upWC) };
    camera.setView({ destination, orientation });
  }
}
