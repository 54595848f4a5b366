import { type Cartesian2, type Scene, ScreenSpaceEventHandler, ScreenSpaceEventType } from "cesium";
import type { PipeSolids } from "./pipes";
import type { PipeRecord } from "./record";
import type { Tilesets } from "./tilesets";

const TOLERANCE_PX = 9;

/** Call `onPick` with the pipe, or null beside all pipes, for each click or tap. */
export function followClicks(
  scene: Scene,
  tilesets: Tilesets,
  solids: PipeSolids,
  onPick: (pipe: PipeRecord | null) => void,
): void {
  const handler = new ScreenSpaceEventHandler(scene.canvas);
  handler.setInputAction(({ position }: { position: Cartesian2 }) => {
    onPick(solids.recordOf(pickBehindPoints(scene, tilesets, position)));
  }, ScreenSpaceEventType.LEFT_CLICK);
}

// A pipe's own points lie on it, and soil in front of it; neither can be asked for anything.
function pickBehindPoints(scene: Scene, tilesets: Tilesets, position: Cartesian2): unknown {
  const hidden = tilesets.of("points").filter((tileset) => tileset.show);
  for (const tileset of hidden) tileset.show = false;
  try {
    return scene.pick(position, TOLERANCE_PX, TOLERANCE_PX);
  } finally {
    for (const tileset of hidden) tileset.show = true;
  }
}
