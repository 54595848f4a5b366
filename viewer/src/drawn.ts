import type { Scene } from "cesium";

const ASK_EVERY_MS = 100;

/** The first frame with a tile only finds out what else there is to load. */
export const UNTIL_ALL_IS_KNOWN = 3;

/** Draw until something is so: at least so many frames, at most so long. */
export function drawnUntil(
  scene: Scene,
  isSo: () => boolean,
  fewestFrames = 1,
  longest = Number.POSITIVE_INFINITY,
): Promise<void> {
  return new Promise((resolve) => {
    const since = performance.now();
    let frames = 0;
    // What arrives asks for frames itself; this is for what can't be loaded and says nothing.
    const asking = setInterval(() => scene.requestRender(), ASK_EVERY_MS);
    const following = scene.postRender.addEventListener(() => {
      frames += 1;
      if (frames < fewestFrames) scene.requestRender();
      if (frames < fewestFrames || (!isSo() && performance.now() - since < longest)) return;
      clearInterval(asking);
      following();
      resolve();
    });
    scene.requestRender();
  });
}

/** Whether the globe, where it is shown, waits for nothing. */
export function isGroundLoaded({ globe }: Scene): boolean {
  return !globe.show || globe.tilesLoaded;
}
