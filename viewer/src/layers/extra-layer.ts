/** A kind of layer that the viewer can add. */
export type ExtraKind = "geojson" | "czml" | "xyz" | "wms" | "3d-tiles";

/** A layer that the user, or the owner of the data, adds. */
export interface ExtraLayer {
  readonly name: string;
  readonly kind: ExtraKind;
  readonly url: string;
  /** Names of the layers of a WMS. */
  readonly wmsLayers: string | null;
  readonly opacity: number;
  readonly shown: boolean;
  readonly attribution: string | null;
  readonly legend: readonly LegendItem[];
  /** More that is known of what was added with `layers add`. */
  readonly facts?: LayerFacts;
}

export interface LegendItem {
  readonly title: string;
  readonly colour: string;
}

/** What `layers add` has found out about a layer, beyond what a catalogue can say. */
export interface LayerFacts {
  readonly licence: string | null;
  /** Whether it lies on the ground, as its data has no heights. */
  readonly onGround: boolean;
  readonly legendTitle: string | null;
  /** West, south, east, north, degrees. */
  readonly bounds: readonly [number, number, number, number] | null;
  readonly minLevel: number | null;
  readonly maxLevel: number | null;
  readonly subdomains: readonly string[];
  readonly imageFormat: string | null;
  /** Map tiles of several dates, the earliest first. */
  readonly frames: readonly Frame[];
}

export interface Frame {
  /** ISO 8601. */
  readonly time: string;
  readonly url: string;
}
