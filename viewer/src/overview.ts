import {
  type CesiumWidget,
  Color,
  DistanceDisplayCondition,
  Material,
  PolylineCollection,
} from "cesium";
import type { Dataset } from "./dataset";
import { pipeColour } from "./palette";
import type { ViewState } from "./state";

/** From here on a pipe is thinner than a pixel, and the solids of far sites are not loaded. */
const FROM_M = 90;
const WIDTH_PX = 2.5;

/** All pipes as lines, seen from afar, in the colours of the solids. */
export function createOverview(widget: CesiumWidget, dataset: Dataset, state: ViewState): void {
  const { scene } = widget;
  const lines = scene.primitives.add(new PolylineCollection()) as PolylineCollection;
  const materials = new Map<string, Material>();
  const materialOf = (css: string) => {
    const known = materials.get(css);
    if (known !== undefined) return known;
    const made = Material.fromType("Color", { color: Color.fromCssColorString(css) });
    materials.set(css, made);
    return made;
  };
  const colourOf = ({ record }: Dataset["pipes"][number]) =>
    pipeColour(record, state.pipeColouring.value, dataset.coverLimits);
  const drawn = dataset.pipes.map((pipe) => ({
    pipe,
    line: lines.add({
      positions: [...pipe.vertices],
      width: WIDTH_PX,
      material: materialOf(colourOf(pipe)),
      distanceDisplayCondition: new DistanceDisplayCondition(FROM_M, Number.MAX_VALUE),
    }),
  }));
  const repaint = () => {
    for (const { pipe, line } of drawn) {
      line.show = state.filters.shows(pipe.record);
      line.material = materialOf(colourOf(pipe));
    }
    lines.show = state.layers.pipes.shown.value;
    scene.requestRender();
  };
  state.pipeColouring.follow(repaint);
  state.filters.changed.follow(repaint);
  state.layers.pipes.shown.follow(repaint);
}
