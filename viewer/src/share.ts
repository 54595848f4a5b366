import { type Camera, Cartesian3, Math as CesiumMath } from "cesium";
import type { ExtraLayer } from "./catalog";
import { language } from "./i18n";
import { asCode, fromCode } from "./layers/kept";
import { PIPE_COLOURINGS } from "./palette";
import { POINT_COLOURINGS } from "./points";
import { LAYERS, TOOLS, type ViewState } from "./state";

/** A view as the fragment of an address, that the server never sees. */
export function viewAsFragment(
  camera: Camera,
  state: ViewState,
  extras: readonly ExtraLayer[],
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
  const tools = TOOLS.filter((tool) => state.tools[tool].value);
  if (tools.length > 0) view.set("tools", tools.join(","));
  for (const layer of extras) view.append("add", asCode(layer));
  return view.toString();
}

/** What of a fragment is no setting of its own. */
export interface SharedView {
  readonly hasCamera: boolean;
  readonly site: string | null;
  readonly pipe: string | null;
  readonly chainage: number | null;
  /** Layers beside those of the run, the lowest first; null where the link says nothing of layers. */
  readonly extras: readonly ExtraLayer[] | null;
}

/** Take over what a fragment says; whatever in it makes no sense is passed over. */
export function applyFragment(fragment: string, camera: Camera, state: ViewState): SharedView {
  const view = new URLSearchParams(fragment.replace(/^#/, ""));
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
  for (const name of view.get("tools")?.split(",") ?? []) {
    const tool = known(TOOLS, name);
    if (tool) state.tools[tool].set(true);
  }
  const chainage = Number(view.get("chainage") ?? Number.NaN);
  return {
    hasCamera: applyCamera(view.get("camera"), camera),
    site: view.get("site"),
    pipe: view.get("pipe"),
    chainage: Number.isFinite(chainage) ? chainage : null,
    extras: view.has("layers") ? view.getAll("add").flatMap((code) => fromCode(code) ?? []) : null,
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
