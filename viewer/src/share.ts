import { type Camera, Cartesian3, Math as CesiumMath, type CesiumWidget, JulianDate } from "cesium";
import { language } from "./i18n";
import type { ExtraLayer } from "./layers/extra-layer";
import { asCode, fromCode } from "./layers/kept";
import type { Mark } from "./markers";
import { PIPE_COLOURINGS } from "./palette";
import { POINT_COLOURINGS } from "./points";
import { LAYERS, TOOLS, type ViewState } from "./state";

/** A layer's place in a link says its order: the lowest comes first. */
export interface SharedLayers {
  readonly layers: readonly ExtraLayer[];
  /** Whether one of them changes with time. */
  readonly isDated: boolean;
}

/** A view as the fragment of an address, that the server never sees. */
export function viewAsFragment(
  { camera, clock }: CesiumWidget,
  state: ViewState,
  { layers, isDated }: SharedLayers,
): string {
  const view = new URLSearchParams();
  const { longitude, latitude, height } = camera.positionCartographic;
  const degrees = [longitude, latitude].map((angle) => CesiumMath.toDegrees(angle).toFixed(8));
  const roll = CesiumMath.negativePiToPi(camera.roll);
  const angles = [camera.heading, camera.pitch, roll].map((angle) =>
    CesiumMath.toDegrees(angle).toFixed(3),
  );
  view.set("camera", [...degrees, height.toFixed(3), ...angles].join(","));
  view.set("layers", LAYERS.map((id) => layerCode(id, state)).join(","));
  view.set("points", state.pointColouring.value);
  view.set("colour", state.pipeColouring.value);
  view.set("trench", state.trenchOpen.value ? "open" : "closed");
  view.set("language", language.value);
  const { value: pipe } = state.selected;
  if (pipe !== null) {
    view.set("site", pipe.site ?? "");
    view.set("pipe", pipe.pipe_id ?? "");
  }
  if (state.chainage.value !== null) view.set("chainage", state.chainage.value.toFixed(3));
  if (state.mark.value !== null) view.set("mark", markCode(state.mark.value));
  for (const { field, range, whole } of state.filters.all) {
    if (range.value.some((end, i) => end !== whole[i])) {
      view.append("filter", [field, ...range.value].join(":"));
    }
  }
  if (state.search.value !== "") view.set("search", state.search.value);
  const tools = TOOLS.filter((tool) => state.tools[tool].value);
  if (tools.length > 0) view.set("tools", tools.join(","));
  const { left, right, at } = state.curtain.value;
  if (state.tools.swipe.value) view.set("curtain", JSON.stringify([left, right, at]));
  if (isDated) view.set("time", JulianDate.toIso8601(clock.currentTime, 0));
  for (const layer of layers) view.append("add", asCode(layer));
  return view.toString();
}

/** A station's or fitting's place along its pipe. */
export interface MarkPlace {
  readonly kind: Mark["kind"];
  readonly chainage: number;
}

/** What of a fragment is no setting of its own. */
export interface SharedView {
  readonly hasCamera: boolean;
  readonly site: string | null;
  readonly pipe: string | null;
  readonly chainage: number | null;
  /** The kind of mark that is clicked at this chainage, and where it is. */
  readonly mark: MarkPlace | null;
  /** Layers beside those of the run, the lowest first; null where the link says nothing of layers. */
  readonly extras: readonly ExtraLayer[] | null;
}

/** Take over what a fragment says; whatever in it makes no sense is passed over. */
export function applyFragment(
  fragment: string,
  { camera, clock }: CesiumWidget,
  state: ViewState,
): SharedView {
  const view = new URLSearchParams(fragment.replace(/^#/, ""));
  // A whole link says of everything how it was; a part of one, made by hand, only of some.
  const isWhole = view.has("layers");
  for (const part of view.get("layers")?.split(",") ?? []) applyLayer(part, state);
  const known = <T extends string>(values: readonly T[], value: string | null) =>
    values.find((name) => name === value);
  const points = known(POINT_COLOURINGS, view.get("points"));
  if (points) state.pointColouring.set(points);
  const colour = known(PIPE_COLOURINGS, view.get("colour"));
  if (colour) state.pipeColouring.set(colour);
  if (view.has("trench")) state.trenchOpen.set(view.get("trench") !== "closed");
  const spoken = known(["ja", "en"], view.get("language"));
  if (spoken) language.set(spoken);
  if (isWhole) state.filters.reset();
  for (const code of view.getAll("filter")) applyFilter(code, state);
  if (isWhole || view.has("search")) state.search.set(view.get("search") ?? "");
  applyCurtain(view.get("curtain"), state);
  const tools = view.get("tools")?.split(",") ?? [];
  for (const tool of TOOLS) {
    if (isWhole && !tools.includes(tool)) state.tools[tool].set(false);
    if (tools.includes(tool)) state.tools[tool].set(true);
  }
  applyTime(view.get("time"), clock);
  const chainage = Number(view.get("chainage") ?? Number.NaN);
  return {
    hasCamera: applyCamera(view.get("camera"), camera),
    site: view.get("site"),
    pipe: view.get("pipe"),
    chainage: Number.isFinite(chainage) ? chainage : null,
    mark: markPlace(view.get("mark")),
    extras: isWhole ? view.getAll("add").flatMap((code) => fromCode(code) ?? []) : null,
  };
}

function layerCode(id: (typeof LAYERS)[number], state: ViewState): string {
  const { shown, opacity } = state.layers[id];
  return `${shown.value ? "" : "-"}${id}:${Math.round(100 * opacity.value)}`;
}

function applyLayer(code: string, state: ViewState): void {
  const match = /^(-?)([a-z]+):(\d{1,3})$/.exec(code);
  const id = LAYERS.find((name) => name === match?.[2]);
  if (match === null || id === undefined) return;
  const { shown, opacity } = state.layers[id];
  shown.set(match[1] === "");
  opacity.set(Math.min(1, Number(match[3]) / 100));
}

function applyFilter(code: string, { filters }: ViewState): void {
  const [field, ...ends] = code.split(":");
  const filter = filters.all.find((one) => one.field === field);
  const [low, high] = ends.map(Number);
  if (!filter || low === undefined || high === undefined || !(low <= high)) return;
  const [least, most] = filter.whole;
  filter.range.set([Math.max(least, low), Math.min(most, high)]);
}

function markCode(mark: Mark): string {
  const chainage = mark.kind === "station" ? mark.chainage : mark.fitting.chainage_m;
  return `${mark.kind}:${chainage.toFixed(3)}`;
}

function markPlace(code: string | null): MarkPlace | null {
  const match = /^(station|fitting):(\d+(?:\.\d+)?)$/.exec(code ?? "");
  return match ? { kind: match[1] as Mark["kind"], chainage: Number(match[2]) } : null;
}

function applyCurtain(code: string | null, state: ViewState): void {
  if (code === null) return;
  try {
    const [left, right, at] = JSON.parse(code) as unknown[];
    const name = (value: unknown) => (typeof value === "string" ? value : null);
    const share = typeof at === "number" && at > 0 && at < 1 ? at : null;
    state.curtain.set({ left: name(left), right: name(right), at: share });
  } catch {
    // Makes no sense: passed over.
  }
}

function applyTime(text: string | null, clock: CesiumWidget["clock"]): void {
  if (text === null || Number.isNaN(Date.parse(text))) return;
  clock.shouldAnimate = false;
  clock.currentTime = JulianDate.fromDate(new Date(text));
}

function applyCamera(text: string | null, camera: Camera): boolean {
  const numbers = (text ?? "").split(",").map(Number);
  if (numbers.length !== 6 || !numbers.every(Number.isFinite)) return false;
  const [lon = 0, lat = 0, height = 0, heading = 0, pitch = 0, roll = 0] = numbers;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 90) return false;
  camera.cancelFlight();
  camera.setView({
    destination: Cartesian3.fromDegrees(lon, lat, height),
    orientation: {
      heading: CesiumMath.toRadians(heading),
      pitch: CesiumMath.toRadians(pitch),
      roll: CesiumMath.toRadians(roll),
    },
  });
  return true;
}
