import type { Scene } from "cesium";

const ASK_EVERY_MS = 100;

/** Draw until something is so, or for so long. */
export function drawnUntil(scene: Scene, isSo: () => boolean, longest = Number.POSITIVE_INFINITY) {
  return new Promise<void>((resolve) => {
    const since = performance.now();
    // What arrives asks for frames itself; this is for what can't be loaded and says nothing.
    const asking = setInterval(() => scene.requestRender(), ASK_EVERY_MS);
    const following = scene.postRender.addEventListener(() => {
      if (!isSo() && performance.now() - since < longest) return;
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
