import { type Cartesian3, Cartographic, Math as CesiumMath } from "cesium";

/** A place in the scan's own coordinate system, metres. */
export interface ScanPlace {
  readonly easting: number;
  readonly northing: number;
  readonly elevation: number;
}

export interface FrameJson {
  readonly origin: readonly number[];
  readonly easting: readonly number[];
  readonly northing: readonly number[];
  readonly elevation: readonly number[];
}

const METRES_PER_DEGREE = 1e5;

/** From the earth to a scan's coordinates, by the polynomials of sites/NAME/viewer.json. */
export class ScanFrame {
  readonly #json: FrameJson;

  constructor(json: FrameJson) {
    this.#json = json;
  }

  fromCartesian(place: Cartesian3): ScanPlace {
    return this.fromCartographic(Cartographic.fromCartesian(place));
  }

  fromCartographic({ longitude, latitude, height }: Cartographic): ScanPlace {
    const [lon = 0, lat = 0, level = 0] = this.#json.origin;
    const terms = powers(
      (CesiumMath.toDegrees(longitude) - lon) * METRES_PER_DEGREE,
      (CesiumMath.toDegrees(latitude) - lat) * METRES_PER_DEGREE,
      height - level,
    );
    const sum = (coefficients: readonly number[]) =>
      terms.reduce((total, term, i) => total + term * (coefficients[i] ?? 0), 0);
    return {
      easting: sum(this.#json.easting),
      northing: sum(this.#json.northing),
      elevation: sum(this.#json.elevation),
    };
  }
}

// The order in which the coefficients are written.
function powers(x: number, y: number, z: number): number[] {
  return [1, x, y, z, x * x, x * y, y * y, x * z, y * z, z * z];
}
