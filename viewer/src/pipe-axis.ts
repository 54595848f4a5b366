import { BoundingSphere, Cartesian3, Ellipsoid } from "cesium";
import type { LocatedPipe } from "./dataset";
import type { Fitting, SiteDetails, StationColumns } from "./site-details";

/** One station, or a place between two. */
export interface Station {
  readonly chainage: number;
  readonly groundZ: number | null;
  readonly crownZ: number;
  readonly centreZ: number;
  readonly cover: number | null;
  readonly coverStd: number | null;
  readonly diameter: number | null;
  readonly observed: boolean;
  readonly easting: number;
  readonly northing: number;
  readonly offset: number | null;
}

/** A place along a pipe, with what lies above each other there. */
export interface AxisPlace extends Station {
  readonly centre: Cartesian3;
  readonly crown: Cartesian3;
  readonly ground: Cartesian3 | null;
  readonly up: Cartesian3;
}

/** What a site knows of one of its pipes: the numbers of its stations, and its fittings. */
export interface PipeShare {
  readonly rows: readonly number[];
  readonly fittings: readonly Fitting[];
}

/** Sort a site's stations and fittings by pipe, in one go: there may be thousands of pipes. */
export function sharesOf({ stations, fittings }: SiteDetails): ReadonlyMap<string, PipeShare> {
  const shares = new Map<string, { rows: number[]; fittings: Fitting[] }>();
  const shareOf = (pipeId: string) => {
    const known = shares.get(pipeId) ?? { rows: [], fittings: [] };
    shares.set(pipeId, known);
    return known;
  };
  stations.pipe_id.forEach((pipeId, row) => {
    shareOf(pipeId).rows.push(row);
  });
  for (const fitting of fittings) shareOf(fitting.pipe_id).fittings.push(fitting);
  return shares;
}

/** A pipe's centreline with its stations: everything by chainage. */
export class PipeAxis {
  readonly pipe: LocatedPipe;
  readonly fittings: readonly Fitting[];
  readonly length: number;
  /** Around the centreline. */
  readonly sphere: BoundingSphere;
  /** Numbers of its stations in the site's columns. */
  readonly rows: readonly number[];
  readonly #columns: StationColumns;
  #stations: readonly Station[] | null = null;
  #chainages: readonly number[] | null = null;

  constructor(pipe: LocatedPipe, { stations }: SiteDetails, { rows, fittings }: PipeShare) {
    this.pipe = pipe;
    this.fittings = fittings;
    this.#columns = stations;
    this.rows = rows;
    this.length = stations.chainage_m[rows.at(-1) ?? -1] ?? lengths(pipe.vertices).at(-1) ?? 0;
    this.sphere = BoundingSphere.fromPoints([...pipe.vertices]);
  }

  get stations(): readonly Station[] {
    this.#stations ??= this.rows.map((row) => stationAt(this.#columns, row));
    return this.#stations;
  }

  /** Where the centreline has vertices or stations, rising. */
  get chainages(): number[] {
    const all = [...this.#vertexChainages, ...this.stations.map(({ chainage }) => chainage)];
    return [...new Set(all)].sort((a, b) => a - b);
  }

  get #vertexChainages(): readonly number[] {
    if (this.#chainages !== null) return this.#chainages;
    const along = lengths(this.pipe.vertices);
    const total = along.at(-1) ?? 0;
    // Chainage is counted in the plane of the map projection, a ten-thousandth shorter.
    this.#chainages = along.map((metres) => (total > 0 ? (metres / total) * this.length : 0));
    return this.#chainages;
  }

  at(chainage: number): AxisPlace {
    const wanted = Math.min(Math.max(chainage, 0), this.length);
    const station = this.#stationAt(wanted);
    const centre = this.#centreAt(wanted);
    const up = Ellipsoid.WGS84.geodeticSurfaceNormal(centre);
    const above = (metres: number) =>
      Cartesian3.add(
        centre,
        Cartesian3.multiplyByScalar(up, metres, new Cartesian3()),
        new Cartesian3(),
      );
    const { groundZ, crownZ, centreZ } = station;
    return {
      ...station,
      centre,
      up,
      crown: above(crownZ - centreZ),
      ground: groundZ === null ? null : above(groundZ - centreZ),
    };
  }

  /** Unit vector along the pipe, towards rising chainage. */
  direction(chainage: number): Cartesian3 {
    const step = Math.min(0.1, this.length / 4);
    const back = this.#centreAt(Math.max(0, chainage - step));
    const ahead = this.#centreAt(Math.min(this.length, chainage + step));
    const along = Cartesian3.subtract(ahead, back, new Cartesian3());
    return Cartesian3.normalize(along, along);
  }

  #centreAt(chainage: number): Cartesian3 {
    const { vertices } = this.pipe;
    const [i, t] = locate(this.#vertexChainages, chainage);
    const [from, to] = [vertices[i], vertices[i + 1]];
    if (from === undefined || to === undefined) return Cartesian3.clone(from ?? Cartesian3.ZERO);
    return Cartesian3.lerp(from, to, t, new Cartesian3());
  }

  #stationAt(chainage: number): Station {
    const [i, t] = locate(
      this.stations.map((station) => station.chainage),
      chainage,
    );
    const [from, to] = [this.stations[i], this.stations[i + 1]];
    if (from === undefined) throw new Error("a pipe without stations");
    if (to === undefined) return from;
    const mix = (a: number, b: number) => a + t * (b - a);
    // Between a known and an unknown value nothing is known, but at a station it is.
    const known = (a: number | null, b: number | null) => {
      if (t === 0) return a;
      if (t === 1) return b;
      return a === null || b === null ? null : mix(a, b);
    };
    return {
      chainage,
      groundZ: known(from.groundZ, to.groundZ),
      crownZ: mix(from.crownZ, to.crownZ),
      centreZ: mix(from.centreZ, to.centreZ),
      cover: known(from.cover, to.cover),
      coverStd: known(from.coverStd, to.coverStd),
      diameter: known(from.diameter, to.diameter),
      observed: t === 1 ? to.observed : from.observed && (t === 0 || to.observed),
      easting: mix(from.easting, to.easting),
      northing: mix(from.northing, to.northing),
      offset: known(from.offset, to.offset),
    };
  }
}

function stationAt(stations: StationColumns, i: number): Station {
  return {
    chainage: stations.chainage_m[i] ?? 0,
    groundZ: stations.ground_z_m[i] ?? null,
    crownZ: stations.crown_z_m[i] ?? 0,
    centreZ: stations.centre_z_m[i] ?? 0,
    cover: stations.cover_m[i] ?? null,
    coverStd: stations.cover_std_m[i] ?? null,
    diameter: stations.outer_diameter_m[i] ?? null,
    observed: stations.observed[i] ?? false,
    easting: stations.easting_m[i] ?? 0,
    northing: stations.northing_m[i] ?? 0,
    offset: stations.offset_m[i] ?? null,
  };
}

function lengths(vertices: readonly Cartesian3[]): number[] {
  let sum = 0;
  return vertices.map((vertex, i) => {
    const before = vertices[i - 1];
    if (before !== undefined) sum += Cartesian3.distance(before, vertex);
    return sum;
  });
}

/** The last index whose value is not above, and how far on to the next. */
function locate(values: readonly number[], wanted: number): [index: number, share: number] {
  const after = values.findIndex((value) => value > wanted);
  const i = Math.max(0, (after < 0 ? values.length : after) - 1);
  const [from, to] = [values[i], values[i + 1]];
  if (from === undefined || to === undefined || to === from) return [i, 0];
  return [i, Math.min(1, Math.max(0, (wanted - from) / (to - from)))];
}
