import { Cartesian3 } from "cesium";
import type { SiteInfo } from "./dataset";
import { fetchJson } from "./fetch-json";
import { type FrameJson, ScanFrame } from "./scan-frame";

/** Columns of one entry a station. */
export interface StationColumns {
  readonly pipe_id: readonly string[];
  readonly chainage_m: readonly number[];
  readonly easting_m: readonly number[];
  readonly northing_m: readonly number[];
  readonly ground_z_m: readonly (number | null)[];
  readonly crown_z_m: readonly number[];
  readonly centre_z_m: readonly number[];
  readonly cover_m: readonly (number | null)[];
  readonly cover_std_m: readonly (number | null)[];
  readonly outer_diameter_m: readonly (number | null)[];
  readonly observed: readonly boolean[];
  readonly offset_m: readonly (number | null)[];
  readonly lon_deg: readonly number[];
  readonly lat_deg: readonly number[];
  readonly height_m: readonly number[];
}

export interface Fitting {
  readonly pipe_id: string;
  readonly kind: string;
  readonly chainage_m: number;
  readonly angle_deg: number | null;
  readonly catalogue_angle_deg: number | null;
  readonly radius_m: number | null;
  /** Absent from folders of older versions, as the next one. */
  readonly chainage_std_m?: number | null;
  readonly branch_id?: string | null;
  readonly position: readonly [number, number, number];
}

export interface GroundJson {
  /** Longitude, latitude in degrees and ellipsoidal height, one after the other. */
  readonly positions: readonly number[];
  readonly pavement: readonly number[];
  readonly over_trench: readonly number[];
}

export interface CrsJson {
  readonly name: string | null;
  readonly vertical: string | null;
  readonly vertical_name: string;
  readonly geoid: string | null;
  readonly local: boolean;
}

interface DetailsJson {
  readonly crs: CrsJson;
  readonly frame: FrameJson | null;
  readonly ground: GroundJson | null;
  readonly trench: readonly (readonly (readonly [number, number])[])[];
  readonly stations: StationColumns;
  readonly fittings: readonly Fitting[];
}

/** What only a look at one site needs. */
export interface SiteDetails {
  readonly site: string;
  readonly crs: CrsJson;
  readonly frame: ScanFrame | null;
  readonly ground: GroundJson | null;
  readonly trench: readonly (readonly Cartesian3[])[];
  readonly stations: StationColumns;
  readonly fittings: readonly Fitting[];
}

/** The details of sites, each fetched when it is first asked for. */
export class Details {
  readonly #base: string;
  readonly #sites: ReadonlyMap<string, SiteInfo>;
  readonly #asked = new Map<string, Promise<SiteDetails | null>>();

  constructor(base: string, sites: readonly SiteInfo[]) {
    this.#base = base;
    this.#sites = new Map(sites.map((site) => [site.name, site]));
  }

  /** Null where the output folder has none, as an older version of it. */
  of(site: string | null): Promise<SiteDetails | null> {
    const info = site === null ? undefined : this.#sites.get(site);
    if (info === undefined || info.details === null) return Promise.resolve(null);
    const asked = this.#asked.get(info.name) ?? this.#fetch(info.name, info.details);
    this.#asked.set(info.name, asked);
    return asked;
  }

  async #fetch(site: string, path: string): Promise<SiteDetails | null> {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const json = await fetchJson<DetailsJson>(new URL(encoded, this.#base));
    return {
      ...json,
      site,
      frame: json.frame && new ScanFrame(json.frame),
      trench: json.trench.map((ring) => ring.map(([lon, lat]) => Cartesian3.fromDegrees(lon, lat))),
    };
  }
}
