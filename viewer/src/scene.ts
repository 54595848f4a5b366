import {
  buildModuleUrl,
  type Cartesian3,
  CesiumWidget,
  Color,
  Credit,
  CreditDisplay,
  DirectionalLight,
  type Globe,
  Ion,
  type Scene,
} from "cesium";
import type { GroundLevel } from "./dataset";
import { groundTerrain } from "./ground";
import { language, text } from "./i18n";

const BACKGROUND = Color.fromCssColorString("#12161c");
const GROUND = Color.fromCssColorString("#46525f");
const UNDERGROUND = Color.fromCssColorString("#0c0f13");

/** The widget that draws; nothing in it asks another host for anything. */
export function createWidget(levels: readonly GroundLevel[]): CesiumWidget {
  Ion.defaultAccessToken = "";
  CreditDisplay.cesiumCredit = cesiumCredit();
  const widget = new CesiumWidget("scene", {
    baseLayer: false,
    skyBox: false,
    skyAtmosphere: false,
    terrainProvider: groundTerrain(levels, false),
    scene3DOnly: true,
    // One translucent surface needs no order, and the passes for it cost a CPU dearly.
    orderIndependentTranslucency: false,
    // A survey stands still: draw only when something has changed.
    requestRenderMode: true,
    maximumRenderTimeChange: Number.POSITIVE_INFINITY,
    useDefaultRenderLoop: false,
    showRenderLoopErrors: false,
    creditContainer: "credits",
  });
  widget.scene.rethrowRenderErrors = true;
  plainSky(widget.scene);
  translucentGround(widget.scene.globe);
  nearCamera(widget.scene);
  if (isSoftwareRenderer(widget.scene)) widget.scene.msaaSamples = 1;
  return widget;
}

/** CesiumJS's own, whose place in the line is an attribute that a strict policy forbids. */
function cesiumCredit(): Credit {
  const logo = buildModuleUrl("Assets/Images/ion-credit.png");
  const html = `<a href="https://cesium.com/" target="_blank"><img src="${logo}" title="CesiumJS" alt="CesiumJS"/></a>`;
  return new Credit(html, true);
}

/** Draw whenever something has changed; after an error no more. */
export function drawContinually(widget: CesiumWidget, onError: (error: unknown) => void): void {
  const draw = () => {
    try {
      widget.resize();
      widget.render();
      requestAnimationFrame(draw);
    } catch (error) {
      onError(error);
    }
  };
  draw();
}

/** Whether a CPU does the drawing: laptops without a driver, remote desktops, tests. */
export function isSoftwareRenderer(scene: Scene): boolean {
  const gl = scene.canvas.getContext("webgl2");
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  if (!gl || !info) return false;
  const renderer = String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL));
  return /swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

/** Light from over the camera's left shoulder at the first view, fixed to the earth. */
export function lightFrom(scene: Scene, direction: Cartesian3): void {
  scene.light = new DirectionalLight({ direction, intensity: 2.6 });
}

function plainSky(scene: Scene): void {
  scene.backgroundColor = BACKGROUND;
  // Not drawn, but with it the far is loaded in less detail.
  scene.fog.enabled = true;
  scene.fog.renderable = false;
  if (scene.sun) scene.sun.show = false;
  if (scene.moon) scene.moon.show = false;
}

function translucentGround(globe: Globe): void {
  globe.baseColor = GROUND;
  globe.undergroundColor = UNDERGROUND;
  globe.showGroundAtmosphere = false;
  globe.showWaterEffect = false;
  globe.enableLighting = false;
  globe.depthTestAgainstTerrain = true;
  // A site is one place: what twenty coarser levels show of it is not worth waiting for.
  globe.preloadAncestors = false;
  globe.translucency.enabled = true;
  globe.translucency.backFaceAlpha = 0.3;
}

function nearCamera({ camera }: Scene): void {
  // A trench is looked at from within arm's length.
  camera.frustum.near = 0.05;
}

/** Say to whoever does not see it what the canvas is, and which keys it takes. */
export function nameCanvas(canvas: HTMLCanvasElement): void {
  const name = () => canvas.setAttribute("aria-label", text("scene"));
  canvas.setAttribute("role", "application");
  language.follow(name);
  name();
}
