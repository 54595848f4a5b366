import { Cartesian3, type CesiumWidget } from "cesium";
import type { Dataset } from "./dataset";
import { reasonOf } from "./fetch-json";
import { GroundSurface } from "./ground-surface";
import { type Mark, Markers } from "./markers";
import { PipeAxis, sharesOf } from "./pipe-axis";
import type { PipeRecord } from "./record";
import type { MarkPlace } from "./share";
import { Signal } from "./signal";
import { Details, type SiteDetails } from "./site-details";
import type { ViewState } from "./state";

/** So many sites are opened at the start; of more, those that are looked at. */
const MOST_AT_ONCE = 12;
const NEAREST = 3;

interface OpenSite {
  readonly details: SiteDetails;
  readonly axes: readonly PipeAxis[];
  readonly ground: GroundSurface | null;
}

/** Stations, fittings, ground and coordinates of the sites that have been looked at. */
export class Sites {
  readonly opened = new Signal(0);
  readonly #widget: CesiumWidget;
  readonly #dataset: Dataset;
  readonly #details: Details;
  readonly #state: ViewState;
  readonly #onFailed: (reason: string) => void;
  readonly #markers: Markers;
  readonly #bySite = new Map<string, Promise<OpenSite | null>>();
  readonly #open: OpenSite[] = [];

  /** `onFailed` hears why a site's details can't be had. */
  constructor(
    widget: CesiumWidget,
    dataset: Dataset,
    state: ViewState,
    onFailed: (reason: string) => void,
  ) {
    this.#onFailed = onFailed;
    this.#widget = widget;
    this.#dataset = dataset;
    this.#state = state;
    this.#details = new Details(dataset.base, dataset.sites);
    this.#markers = new Markers(widget.scene);
    this.#followLayers();
  }

  /** Open all sites, or of many those nearest to the camera now and whenever it has moved. */
  async openNearest(): Promise<void> {
    const { sites } = this.#dataset;
    if (sites.length <= MOST_AT_ONCE) {
      await Promise.all(sites.map(({ name }) => this.open(name)));
      return;
    }
    this.#widget.camera.moveEnd.addEventListener(() => void this.#openAround());
    await this.#openAround();
  }

  open(site: string | null): Promise<OpenSite | null> {
    if (site === null) return Promise.resolve(null);
    const opening = this.#bySite.get(site) ?? this.#load(site);
    this.#bySite.set(site, opening);
    return opening;
  }

  /** The axis of a pipe, null where its site has no details. */
  async axisOf(record: PipeRecord): Promise<PipeAxis | null> {
    const site = await this.open(record.site);
    return site?.axes.find(({ pipe }) => pipe.record.key === record.key) ?? null;
  }

  /** The station or fitting of a pipe that is nearest to a chainage. */
  async markAt(record: PipeRecord, { kind, chainage }: MarkPlace): Promise<Mark | null> {
    const axis = await this.axisOf(record);
    const { site, pipe_id: pipeId } = record;
    if (axis === null || site === null || pipeId === null) return null;
    const far = (at: number) => Math.abs(at - chainage);
    if (kind === "station") {
      const at = axis.stations.map((station) => station.chainage).sort((a, b) => far(a) - far(b));
      return at[0] === undefined ? null : { kind, site, pipeId, chainage: at[0] };
    }
    const [fitting] = [...axis.fittings].sort((a, b) => far(a.chainage_m) - far(b.chainage_m));
    return fitting ? { kind, site, pipeId, fitting } : null;
  }

  get axes(): readonly PipeAxis[] {
    return this.#open.flatMap(({ axes }) => axes);
  }

  /** Rings around the trenches of the opened sites. */
  get trenches(): readonly (readonly Cartesian3[])[] {
    return this.#open.flatMap(({ details }) => details.trench);
  }

  groundAt(lon: number, lat: number): number | null {
    for (const { ground } of this.#open) {
      const height = ground?.heightAt(lon, lat) ?? null;
      if (height !== null) return height;
    }
    return null;
  }

  /** The opened site whose pipes lie nearest to a place. */
  at(place: Cartesian3): SiteDetails | null {
    let best: SiteDetails | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const { details, axes } of this.#open) {
      for (const axis of axes) {
        const distance = Cartesian3.distance(axis.sphere.center, place);
        if (distance < least) [best, least] = [details, distance];
      }
    }
    return best ?? this.#open[0]?.details ?? null;
  }

  async #openAround(): Promise<void> {
    const from = this.#widget.camera.positionWC;
    const distance = new Map<string, number>();
    for (const { record, vertices } of this.#dataset.pipes) {
      const [first] = vertices;
      if (record.site === null || first === undefined) continue;
      const here = Cartesian3.distance(first, from);
      distance.set(record.site, Math.min(here, distance.get(record.site) ?? here));
    }
    const near = [...distance].sort(([, a], [, b]) => a - b).slice(0, NEAREST);
    await Promise.all(near.map(([site]) => this.open(site)));
  }

  async #load(site: string): Promise<OpenSite | null> {
    try {
      return await this.#opened(site);
    } catch (error) {
      // What is damaged of one site keeps nobody from the others.
      this.#onFailed(reasonOf(error));
      return null;
    }
  }

  async #opened(site: string): Promise<OpenSite | null> {
    const details = await this.#details.of(site);
    if (details === null) return null;
    const shares = sharesOf(details);
    const axes = this.#dataset.pipes.flatMap((pipe) => {
      const share = pipe.record.site === site ? shares.get(pipe.record.pipe_id ?? "") : undefined;
      return share === undefined || share.rows.length === 0
        ? []
        : [new PipeAxis(pipe, details, share)];
    });
    const made: OpenSite = {
      details,
      axes,
      ground: details.ground && new GroundSurface(this.#widget.scene, details.ground),
    };
    this.#open.push(made);
    this.#markers.add(details, axes);
    this.#sift();
    this.#dress();
    this.opened.set(this.#open.length);
    return made;
  }

  #followLayers(): void {
    const { layers, trenchOpen, filters } = this.#state;
    for (const id of ["stations", "joints", "ground"] as const) {
      layers[id].shown.follow(() => this.#dress());
      layers[id].opacity.follow(() => this.#dress());
    }
    trenchOpen.follow(() => this.#dress());
    filters.changed.follow(() => this.#sift());
  }

  #sift(): void {
    const { filters } = this.#state;
    const hidden = new Set(
      this.#dataset.pipes.flatMap(({ record }) => (filters.shows(record) ? [] : [record.key])),
    );
    this.#markers.sift((site, pipeId) => !hidden.has(`${site}\n${pipeId}`));
  }

  #dress(): void {
    const { layers, trenchOpen } = this.#state;
    for (const id of ["stations", "joints"] as const) {
      this.#markers.show(id, layers[id].shown.value);
      this.#markers.setOpacity(id, layers[id].opacity.value);
    }
    for (const { ground } of this.#open) {
      ground?.show(layers.ground.shown.value, trenchOpen.value);
      ground?.setOpacity(layers.ground.opacity.value);
    }
  }
}
