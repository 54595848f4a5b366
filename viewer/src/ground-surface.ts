import {
  BoundingSphere,
  Cartesian3,
  Math as CesiumMath,
  Color,
  ComponentDatatype,
  Geometry,
  GeometryAttribute,
  GeometryAttributes,
  GeometryInstance,
  Material,
  MaterialAppearance,
  Primitive,
  PrimitiveType,
  type Scene,
} from "cesium";
import type { GroundJson } from "./site-details";

const COLOUR = Color.fromCssColorString("#7f93a8");

/** The finished ground of one site, from the scan's pavement; the part over the trench opens. */
export class GroundSurface {
  readonly #scene: Scene;
  readonly #json: GroundJson;
  readonly #pavement: Primitive;
  readonly #lid: Primitive;
  readonly #material = Material.fromType("Color", { color: COLOUR.withAlpha(0.35) });

  constructor(scene: Scene, json: GroundJson) {
    this.#scene = scene;
    this.#json = json;
    this.#pavement = this.#add(json.pavement);
    this.#lid = this.#add(json.over_trench);
  }

  show(shown: boolean, trenchOpen: boolean): void {
    this.#pavement.show = shown;
    this.#lid.show = shown && !trenchOpen;
    this.#scene.requestRender();
  }

  setOpacity(opacity: number): void {
    this.#material.uniforms.color = COLOUR.withAlpha(opacity);
    this.#scene.requestRender();
  }

  /** Ellipsoidal height of the ground at a place in degrees, null beside it. */
  heightAt(lon: number, lat: number): number | null {
    return (
      heightIn(this.#json, this.#json.pavement, lon, lat) ??
      heightIn(this.#json, this.#json.over_trench, lon, lat)
    );
  }

  #add(triangles: readonly number[]): Primitive {
    const primitive = new Primitive({
      ...(triangles.length === 0
        ? {}
        : { geometryInstances: new GeometryInstance({ geometry: mesh(this.#json, triangles) }) }),
      appearance: new MaterialAppearance({
        material: this.#material,
        materialSupport: MaterialAppearance.MaterialSupport.BASIC,
        flat: true,
        translucent: true,
        closed: false,
        renderState: { cull: { enabled: false }, depthMask: false },
      }),
      asynchronous: false,
      allowPicking: false,
    });
    this.#scene.primitives.add(primitive);
    return primitive;
  }
}

function mesh(json: GroundJson, triangles: readonly number[]): Geometry {
  const places = Cartesian3.fromDegreesArrayHeights([...json.positions]);
  const values = new Float64Array(3 * places.length);
  places.forEach((place, i) => {
    values.set([place.x, place.y, place.z], 3 * i);
  });
  const attributes = new GeometryAttributes();
  attributes.position = new GeometryAttribute({
    componentDatatype: ComponentDatatype.DOUBLE,
    componentsPerAttribute: 3,
    values,
  });
  attributes.normal = new GeometryAttribute({
    componentDatatype: ComponentDatatype.FLOAT,
    componentsPerAttribute: 3,
    values: upwards(places),
  });
  return new Geometry({
    attributes,
    indices: new Uint16Array(triangles),
    primitiveType: PrimitiveType.TRIANGLES,
    boundingSphere: BoundingSphere.fromPoints(places),
  });
}

function upwards(places: readonly Cartesian3[]): Float32Array {
  const normals = new Float32Array(3 * places.length);
  places.forEach((place, i) => {
    const up = Cartesian3.normalize(place, new Cartesian3());
    normals.set([up.x, up.y, up.z], 3 * i);
  });
  return normals;
}

function heightIn(
  { positions }: GroundJson,
  triangles: readonly number[],
  lon: number,
  lat: number,
): number | null {
  const corner = (i: number): [number, number, number] => {
    const at = 3 * (triangles[i] ?? 0);
    return [positions[at] ?? 0, positions[at + 1] ?? 0, positions[at + 2] ?? 0];
  };
  for (let i = 0; i < triangles.length; i += 3) {
    const [a, b, c] = [corner(i), corner(i + 1), corner(i + 2)];
    const area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    if (area === 0) continue;
    const u = ((lon - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (lat - a[1])) / area;
    const v = ((b[0] - a[0]) * (lat - a[1]) - (lon - a[0]) * (b[1] - a[1])) / area;
    const inside = Math.min(u, v, 1 - u - v) >= -CesiumMath.EPSILON6;
    if (inside) return a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2]);
  }
  return null;
}
