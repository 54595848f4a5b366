import type { CesiumWidget, Scene } from "cesium";
import "./style.css";
import { goTo, homeView, lightDirection, pipeView, type View } from "./camera";
import { type Dataset, loadDataset } from "./dataset";
import { byId } from "./dom";
import { openings } from "./ground";
import { language, type TextKey, text } from "./i18n";
import { navigate } from "./navigation";
import { Orbit } from "./orbit";
import { createPanel } from "./panel";
import { followClicks } from "./pick";
import { PipeSolids } from "./pipes";
import { createWidget, drawContinually, isSoftwareRenderer, lightFrom } from "./scene";
import { createSidebar } from "./sidebar";
import { ViewState } from "./state";
import { Tilesets } from "./tilesets";

const DATA = new URL("data/", document.baseURI).href;

async function start(): Promise<void> {
  say("loading");
  const dataset = await attempt("noTiles", () => loadDataset(DATA));
  const widget = dataset && (await attempt("noWebgl", () => createWidget(dataset.levels)));
  if (widget) await attempt("drawing", () => show(widget, dataset));
}

async function show(widget: CesiumWidget, dataset: Dataset): Promise<void> {
  const { scene } = widget;
  drawContinually(widget, (error) => stop("drawing", error));
  const state = new ViewState();
  // Translucent ground costs a CPU more than all else together.
  state.showGround.set(!isSoftwareRenderer(scene));
  const view = homeView(dataset);
  const orbit = new Orbit(scene, view?.target.center ?? scene.camera.positionWC);
  const fly = (to: View, animated: boolean) => {
    goTo(scene.camera, to, animated);
    orbit.settleOn(to.target.center);
  };
  if (view) {
    fly(view, false);
    lightFrom(scene, lightDirection(view));
  }
  nameCanvas(scene.canvas);
  navigate(scene.canvas, orbit, () => scene.camera.cancelFlight());

  const tilesets = await Tilesets.load(widget, dataset, countFailure);
  const solids = new PipeSolids(tilesets.of("pipes"), () => scene.requestRender());
  openGround(widget, dataset);
  connect(widget, state, tilesets, solids);

  createPanel(state.selected);
  createSidebar(dataset, tilesets.hasLabels, state, {
    goHome: () => view && fly(view, true),
    choosePipe: (pipe) => {
      state.selected.set(solids.exact(pipe.record));
      fly(pipeView(pipe, dataset.pipes), true);
    },
  });
  followClicks(scene, tilesets, solids, (pipe) => state.selected.set(pipe));
  announceWhenLoaded(widget, tilesets);
}

function connect(
  { scene }: CesiumWidget,
  state: ViewState,
  tilesets: Tilesets,
  solids: PipeSolids,
): void {
  state.showPoints.follow((shown) => tilesets.show("points", shown));
  state.showPipes.follow((shown) => tilesets.show("pipes", shown));
  const showGround = (shown: boolean) => {
    scene.globe.show = shown;
    scene.requestRender();
  };
  state.showGround.follow(showGround);
  showGround(state.showGround.value);
  state.pointColouring.follow((colouring) => tilesets.colourPoints(colouring));
  state.pipeColouring.follow((colouring) => solids.colourBy(colouring));
  state.selected.follow((pipe) => solids.select(pipe));
}

function nameCanvas(canvas: HTMLCanvasElement): void {
  const name = () => canvas.setAttribute("aria-label", text("scene"));
  canvas.setAttribute("role", "application");
  language.follow(name);
  name();
}

function openGround({ scene }: CesiumWidget, dataset: Dataset): void {
  const boxes = dataset.links.filter(({ layer }) => layer === "points").map(({ box }) => box);
  scene.globe.clippingPolygons = openings(boxes.filter((box) => box !== null));
}

function announceWhenLoaded({ scene }: CesiumWidget, tilesets: Tilesets): void {
  let frames = 0;
  const stop = scene.postRender.addEventListener(() => {
    frames += 1;
    // The first frame only finds out what there is to load.
    if (frames < 2 || !tilesets.areLoaded || !isGroundLoaded(scene)) {
      scene.requestRender();
      return;
    }
    stop();
    document.body.dataset.state = "ready";
    if (failures === 0) say(null);
  });
  scene.requestRender();
}

function isGroundLoaded({ globe }: Scene): boolean {
  return !globe.show || globe.tilesLoaded;
}

let failures = 0;

function countFailure(message: string): void {
  failures += 1;
  document.body.dataset.tilesFailed = String(failures);
  say("tilesFailed", message);
}

async function attempt<T>(failure: TextKey, work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    stop(failure, error);
    return null;
  }
}

function stop(reason: TextKey, error: unknown): void {
  document.body.dataset.state = "error";
  say(reason, String(error));
}

let shown: { key: TextKey | null; detail: string } = { key: null, detail: "" };
language.follow(writeMessage);

function say(key: TextKey | null, detail = ""): void {
  shown = { key, detail };
  writeMessage();
}

function writeMessage(): void {
  const { key, detail } = shown;
  byId("message").textContent = key === null ? "" : [text(key), detail].filter(Boolean).join(" ");
}

void start();
