import type { CesiumWidget } from "cesium";

const BAND_PX = 44;

/** Save the scene as a PNG with a caption: what it shows, and when the picture was taken. */
export async function saveScreenshot(widget: CesiumWidget, caption: string): Promise<void> {
  const picture = await takePicture(widget, caption);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = `${caption.replace(/[^\p{L}\p{N}]+/gu, "_").slice(0, 60) || "scene"}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function takePicture({ scene }: CesiumWidget, caption: string): Promise<Blob> {
  // A canvas of WebGL holds its picture only until the browser has shown it.
  scene.render();
  const { width, height } = scene.canvas;
  const ratio = width / Math.max(1, scene.canvas.clientWidth);
  const band = Math.round(BAND_PX * ratio);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height + band;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no 2D canvas");
  context.drawImage(scene.canvas, 0, 0);
  context.fillStyle = "#12161c";
  context.fillRect(0, height, width, band);
  context.fillStyle = "#e8edf3";
  context.font = `${Math.round(15 * ratio)}px system-ui, "Noto Sans JP", sans-serif`;
  context.textBaseline = "middle";
  context.fillText(caption, 14 * ratio, height + band / 2, width - 28 * ratio);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}
