import { Cartesian3, type CesiumWidget } from "cesium";
import "./style.css";
import { barrelOf } from "./barrel";
import {
  goTo,
  homeView,
  keepInSight,
  lightDirection,
  pipeView,
  presetView,
  sitesView,
  type View,
} from "./camera";
import type { ExtraLayer } from "./catalog";
import { type Dataset, type LocatedPipe, loadDataset } from "./dataset";
import { createDock } from "./dock";
import { byId } from "./dom";
import { drawnUntil, isGroundLoaded, UNTIL_ALL_IS_KNOWN } from "./drawn";
import { Globe } from "./globe";
import { language, text } from "./i18n";
import { LayerClock } from "./layers/clock";
import { ConsentQuestion } from "./layers/consent";
import { followDrops } from "./layers/drop";
import { Extras, keyOf } from "./layers/extras";
import { highlightFeature } from "./layers/highlight";
import { keepDropped, takeDropped } from "./layers/kept";
import { policyOfPage } from "./layers/policy";
import { attempt, countFailure, mention, say, settle, stop, work } from "./message";
import { navigate } from "./navigation";
import { Orbit } from "./orbit";
import { createOverview } from "./overview";
import { createPanel } from "./panel";
import { followClicks, Picker } from "./pick";
import { PipeSolids } from "./pipes";
import type { PipeRecord } from "./record";
import { createWidget, drawContinually, lightFrom } from "./scene";
import { applyFragment, type SharedView, viewAsFragment } from "./share";
import { createSidebar } from "./sidebar";
import { nameSites, type SiteMark } from "./site-names";
import { Sites } from "./sites";
import { offeredLayers, ViewState } from "./state";
import { Tilesets } from "./tilesets";
import { createToolbar, type Preset } from "./toolbar";
import { Toolbox } from "./toolbox";
import { saveScreenshot } from "./tools/screenshot";

// The page of a publication says where the data of its version lies.
const SOURCE = document.documentElement.dataset.source ?? "data/";
const DATA = new URL(SOURCE, document.baseURI).href;
/** The scene is drawn without controls no longer than this. */
const LONGEST_ALONE_MS = 4_000;

function fileFailed(reason: string): void {
  countFailure(reason, "fileMissing");
}

async function start(): Promise<void> {
  say("loading");
  const dataset = await attempt("noTiles", () => loadDataset(DATA, fileFailed));
  const widget = dataset && (await attempt("noWebgl", () => createWidget(dataset.levels)));
  if (widget) await attempt("drawing", () => new Page(widget, dataset).show());
}

/** The parts of the page, put together. */
class Page {
  readonly #widget: CesiumWidget;
  readonly #dataset: Dataset;
  readonly #state: ViewState;
  readonly #solids: PipeSolids;
  readonly #tilesets: Tilesets;
  readonly #sites: Sites;
  readonly #orbit: Orbit;
  readonly #home: View | null;
  readonly #byKey: ReadonlyMap<string, LocatedPipe>;
  readonly #extras: Extras;

  constructor(widget: CesiumWidget, dataset: Dataset) {
    const { scene } = widget;
    this.#widget = widget;
    this.#dataset = dataset;
    this.#state = new ViewState(dataset);
    this.#byKey = new Map(dataset.pipes.map((pipe) => [pipe.record.key, pipe]));
    this.#home = homeView(dataset);
    this.#orbit = new Orbit(scene, this.#home?.target.center ?? scene.camera.positionWC);
    const exact = dataset.isExact ? dataset.pipes : [];
    this.#solids = new PipeSolids(
      this.#state.filters,
      dataset.coverLimits,
      new Map(exact.map(({ record }) => [record.key, record])),
      () => scene.requestRender(),
    );
    this.#tilesets = new Tilesets(
      widget,
      dataset,
      ({ link, tileset }) => {
        if (link.layer === "pipes") this.#solids.follow(tileset);
        if (link.layer === "shells") this.#solids.followShells(tileset);
      },
      countFailure,
    );
    this.#sites = new Sites(widget, dataset, this.#state, fileFailed);
    const globe = this.#state.layers.globe.shown;
    const question = new ConsentQuestion((layers) => this.#reopenWith(layers));
    this.#extras = new Extras(widget, {
      onImagery: () => globe.set(true),
      onFailed: (reason) => mention("notAdded", reason),
      onLoading: (name) => work("adding", name),
      onForeign: (layer, origins) => question.ask(layer, origins),
    });
  }

  async show(): Promise<void> {
    const { scene } = this.#widget;
    drawContinually(this.#widget, (error) => stop("drawing", error));
    if (this.#home) {
      this.#fly(this.#home, false);
      lightFrom(scene, lightDirection(this.#home));
    }
    nameCanvas(scene.canvas);
    navigate(scene.canvas, this.#orbit, () => scene.camera.cancelFlight());
    new Globe(this.#widget, this.#dataset, this.#state, this.#sites, this.#extras);
    this.#connect();
    highlightFeature(this.#widget, this.#extras, this.#state.feature);
    createOverview(this.#widget, this.#dataset, this.#state);
    nameSites(this.#widget, this.#dataset);
    const shared = this.#readAddress();
    await this.#tilesets.openNearest();
    performance.mark("opened");
    // Whoever waits wants to see the site; to draw the controls takes a CPU as long as that.
    await drawnUntil(scene, () => this.#tilesets.areBegun, 1, LONGEST_ALONE_MS);
    performance.mark("in-view");
    const toolbox = this.#createControls();
    await this.#sites.openNearest();
    if (shared) void this.#restore(shared);
    const isLoaded = () => this.#tilesets.areLoaded && isGroundLoaded(scene);
    await drawnUntil(scene, isLoaded, UNTIL_ALL_IS_KNOWN);
    performance.mark("ready");
    document.body.dataset.state = "ready";
    settle();
    addEventListener("hashchange", () => this.#followAddress());
    keepInSight(scene);
    await this.#addLayers(shared?.extras ?? this.#dataset.extras.filter(({ shown }) => shown));
    toolbox.resume();
  }

  async #addLayers(layers: readonly ExtraLayer[]): Promise<void> {
    void policyOfPage();
    // One after the other: the last one lies uppermost.
    for (const layer of layers) await this.#extras.add(this.#asKnown(layer));
    for (const { layer, data } of takeDropped()) await this.#extras.add(layer, data);
  }

  /** A link has no legend, licence and dates of a layer, but the catalogue has. */
  #asKnown(layer: ExtraLayer): ExtraLayer {
    const { opacity, shown } = layer;
    const known = this.#dataset.extras.find((other) => keyOf(other) === keyOf(layer));
    return known === undefined ? layer : { ...known, opacity, shown };
  }

  /** Load the page anew, which may then ask the hosts that the user has just allowed. */
  #reopenWith(layers: readonly ExtraLayer[]): void {
    const view = viewAsFragment(this.#widget, this.#state, this.#extras.shared(layers));
    history.replaceState(null, "", `#${view}`);
    if (keepDropped(this.#extras.dropped)) location.reload();
    else say("droppedLost");
  }

  #connect(): void {
    const { layers, pointColouring, pipeColouring, selected, tools } = this.#state;
    for (const layer of ["points", "pipes", "shells"] as const) {
      layers[layer].shown.follow((shown) => this.#tilesets.show(layer, shown));
    }
    layers.points.opacity.follow((opacity) => this.#tilesets.setPointOpacity(opacity));
    layers.pipes.opacity.follow((opacity) => this.#solids.look({ opacity }));
    layers.shells.opacity.follow((shellOpacity) => this.#solids.look({ shellOpacity }));
    pointColouring.follow((colouring) => this.#tilesets.colourPoints(colouring));
    pipeColouring.follow((colouring) => this.#solids.look({ colouring }));
    selected.follow((pipe) => {
      this.#solids.look({ selectedKey: pipe?.key ?? null });
      this.#measureFrom(pipe);
    });
    for (const tool of [tools.profile, tools.section]) {
      tool.follow((on) => on && this.#selectSomething());
    }
    this.#measureFrom(null);
  }

  #createControls(): Toolbox {
    const { scene } = this.#widget;
    const parts = {
      state: this.#state,
      axisOf: (pipe: PipeRecord) => this.#sites.axisOf(pipe),
      crsOf: async (pipe: PipeRecord) => (await this.#sites.open(pipe.site))?.details.crs ?? null,
    };
    createPanel({
      ...parts,
      flyTo: (pipe) => this.#flyToPipe(pipe),
      // The tiles have the reason in English only.
      reasonJa: ({ key }) => this.#byKey.get(key)?.record.quality_reason_ja ?? null,
      report: this.#dataset.report,
    });
    const pointLinks = this.#dataset.links.filter(({ layer }) => layer === "points");
    createDock(this.#state, { ...parts, pointLinks });
    createSidebar({
      dataset: this.#dataset,
      state: this.#state,
      extras: this.#extras,
      layers: offeredLayers(this.#dataset),
      colourings: this.#tilesets.colourings,
      goHome: () => this.#home && this.#fly(this.#home, true),
      choosePipe: ({ record }) => {
        this.#select(record);
        this.#flyToPipe(record);
      },
    });
    new LayerClock(this.#widget, this.#extras);
    const picker = new Picker(this.#widget, this.#tilesets, this.#solids, this.#extras);
    const toolbox = new Toolbox({
      widget: this.#widget,
      state: this.#state,
      sites: this.#sites,
      tilesets: this.#tilesets,
      picker,
      extras: this.#extras,
    });
    createToolbar(this.#state, {
      look: (preset) => this.#look(preset),
      screenshot: () => void saveScreenshot(this.#widget, this.#caption()),
      share: () => toolbox.share(),
    });
    followClicks(scene.canvas, (at) => {
      if (!toolbox.click(at)) this.#pick(picker.at(at));
    });
    followDrops(
      ({ layer, data }) => void this.#extras.add(layer, data),
      (reason) => mention("notAdded", reason),
    );
    return toolbox;
  }

  #pick({ pipe, mark, feature, sites }: ReturnType<Picker["at"]>): void {
    const state = this.#state;
    if (sites !== null) {
      this.#approach(sites);
      return;
    }
    state.feature.set(feature);
    if (mark === null) {
      state.mark.set(null);
      state.selected.set(pipe);
      return;
    }
    const owner = this.#byKey.get(`${mark.site}\n${mark.pipeId}`);
    if (owner === undefined) return;
    state.mark.set(null);
    this.#select(owner.record);
    state.chainage.set(mark.kind === "station" ? mark.chainage : mark.fitting.chainage_m);
    state.mark.set(mark);
  }

  /** Go to the sites that share a name, and from there to one of them. */
  #approach({ site, group }: SiteMark): void {
    const all = sitesView(this.#dataset, group);
    const from = this.#widget.camera.positionWC;
    const isFar = all && Cartesian3.distance(all.target.center, from) > 2 * all.offset.range;
    const view = isFar ? all : sitesView(this.#dataset, [site]);
    if (view) this.#fly(view, true);
  }

  #select(record: PipeRecord | null): void {
    this.#state.mark.set(null);
    this.#state.selected.set(record && this.#solids.exact(record));
  }

  /** A chart needs a pipe: the longest, where none is selected. */
  #selectSomething(): void {
    if (this.#state.selected.value !== null) return;
    const longest = this.#longest();
    if (longest) this.#select(longest.record);
  }

  /** Distances of points are taken from the selected pipe, else from the longest. */
  #measureFrom(pipe: PipeRecord | null): void {
    const located = (pipe && this.#byKey.get(pipe.key)) ?? this.#longest();
    this.#tilesets.setBarrel(located ? barrelOf(located) : null);
  }

  #longest(): LocatedPipe | undefined {
    const length = ({ record }: LocatedPipe) => record.length_m ?? 0;
    return this.#dataset.pipes.reduce<LocatedPipe | undefined>(
      (best, pipe) => (best === undefined || length(pipe) > length(best) ? pipe : best),
      undefined,
    );
  }

  #look(preset: Preset): void {
    const selected = this.#state.selected.value;
    const pipe = selected ? (this.#byKey.get(selected.key) ?? null) : null;
    const view = presetView(this.#dataset, pipe, preset);
    if (view) this.#fly(view, true);
  }

  #flyToPipe(record: PipeRecord): void {
    const pipe = this.#byKey.get(record.key);
    if (pipe) this.#fly(pipeView(pipe, this.#dataset.pipes), true);
  }

  #fly(to: View, animated: boolean): void {
    goTo(this.#widget.scene, to, animated);
    this.#orbit.settleOn(to.target.center);
  }

  #readAddress(): SharedView | null {
    if (location.hash.length < 2) return null;
    return applyFragment(location.hash, this.#widget, this.#state);
  }

  /** A link pasted into the open page shows what it would show in another. */
  #followAddress(): void {
    const shared = this.#readAddress();
    if (shared === null) return;
    void this.#restore(shared);
    const { extras } = shared;
    if (extras === null || this.#extras.adopt(extras)) return;
    this.#extras.removeAddressed();
    void this.#addLayers(extras);
  }

  async #restore({ site, pipe, chainage, mark, extras }: SharedView): Promise<void> {
    const found = this.#byKey.get(`${site}\n${pipe}`);
    if (found) this.#select(found.record);
    else if (extras !== null) this.#select(null);
    if (chainage !== null) this.#state.chainage.set(chainage);
    this.#widget.scene.requestRender();
    if (found && mark) this.#state.mark.set(await this.#sites.markAt(found.record, mark));
  }

  #caption(): string {
    const pipe = this.#state.selected.value?.pipe_id;
    const day = new Date().toLocaleDateString(language.value === "ja" ? "ja-JP" : "en-GB");
    return [this.#dataset.name, pipe, day].filter((part) => part).join(" · ");
  }
}

function nameCanvas(canvas: HTMLCanvasElement): void {
  const name = () => canvas.setAttribute("aria-label", text("scene"));
  canvas.setAttribute("role", "application");
  language.follow(name);
  name();
}

byId("drop-hint").textContent = text("dropHere");
void start();
