import { type Cartesian2, Cartesian3, type CesiumWidget } from "cesium";
import "./style.css";
import { followEnter } from "./aim";
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
import { type Dataset, loadDataset } from "./dataset";
import { createDock } from "./dock";
import { byId } from "./dom";
import { drawnUntil, isGroundLoaded, UNTIL_ALL_IS_KNOWN } from "./drawn";
import { Globe } from "./globe";
import { language, text } from "./i18n";
import { LayerClock } from "./layers/clock";
import { ConsentQuestion } from "./layers/consent";
import { followDrops } from "./layers/drop";
import type { ExtraLayer } from "./layers/extra-layer";
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
import { createWidget, drawContinually, lightFrom, nameCanvas } from "./scene";
import { Selection } from "./selection";
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
  readonly #selection: Selection;
  readonly #extras: Extras;

  constructor(widget: CesiumWidget, dataset: Dataset) {
    const { scene } = widget;
    this.#widget = widget;
    this.#dataset = dataset;
    this.#state = new ViewState(dataset);
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
    this.#selection = new Selection(dataset, this.#state, this.#solids, this.#tilesets);
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
    const { layers, pointColouring, pipeColouring } = this.#state;
    for (const layer of ["points", "pipes", "shells"] as const) {
      layers[layer].shown.follow((shown) => this.#tilesets.show(layer, shown));
    }
    layers.points.opacity.follow((opacity) => this.#tilesets.setPointOpacity(opacity));
    layers.pipes.opacity.follow((opacity) => this.#solids.look({ opacity }));
    layers.shells.opacity.follow((shellOpacity) => this.#solids.look({ shellOpacity }));
    pointColouring.follow((colouring) => this.#tilesets.colourPoints(colouring));
    pipeColouring.follow((colouring) => this.#solids.look({ colouring }));
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
      reasonJa: (pipe) => this.#selection.locate(pipe)?.record.quality_reason_ja ?? null,
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
        this.#selection.choose(record);
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
    const click = (at: Cartesian2) => {
      if (toolbox.click(at)) return;
      const picked = picker.at(at);
      if (picked.sites === null) this.#selection.take(picked);
      else this.#approach(picked.sites);
    };
    followClicks(scene.canvas, click);
    followEnter(scene.canvas, click);
    followDrops(
      ({ layer, data }) => void this.#extras.add(layer, data),
      (reason) => mention("notAdded", reason),
    );
    return toolbox;
  }

  #approach({ site, group }: SiteMark): void {
    const all = sitesView(this.#dataset, group);
    const from = this.#widget.camera.positionWC;
    const isFar = all && Cartesian3.distance(all.target.center, from) > 2 * all.offset.range;
    const view = isFar ? all : sitesView(this.#dataset, [site]);
    if (view) this.#fly(view, true);
  }

  #look(preset: Preset): void {
    const view = presetView(this.#dataset, this.#selection.located, preset);
    if (view) this.#fly(view, true);
  }

  #flyToPipe(record: PipeRecord): void {
    const pipe = this.#selection.locate(record);
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
    const found = this.#selection.named(site, pipe);
    if (found || extras !== null) this.#selection.choose(found);
    if (chainage !== null) this.#state.chainage.set(chainage);
    this.#widget.scene.requestRender();
    if (found && mark) this.#state.mark.set(await this.#sites.markAt(found, mark));
  }

  #caption(): string {
    const pipe = this.#state.selected.value?.pipe_id;
    const day = new Date().toLocaleDateString(language.value === "ja" ? "ja-JP" : "en-GB");
    return [this.#dataset.name, pipe, day].filter((part) => part).join(" · ");
  }
}

byId("drop-hint").textContent = text("dropHere");
void start();
