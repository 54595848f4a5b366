import { Cartesian3, CustomShader, Matrix4, type Scene, Transforms, UniformType } from "cesium";
import { HEIGHT_STOPS, LABELS, linearColour } from "./palette";

export type PointColouring = "rgb" | "elevation" | "label";

/** Heights that the colours span, in metres above the ground. */
export const HEIGHT_RANGE_M = [-2.5, 0.5] as const;

/** Name of the per-point result among the metadata of point tiles. */
export const LABEL_PROPERTY = "label";

const MODES: Readonly<Record<PointColouring, number>> = { rgb: 0, elevation: 1, label: 2 };

/** Colours the points of one tileset; the height above ground is worked out on the GPU. */
export class PointShader {
  readonly shader: CustomShader;
  readonly #ground: Cartesian3;
  readonly #up: Cartesian3;

  /** Take the ground below or above the tileset, and whether its points carry labels. */
  constructor(ground: Cartesian3, hasLabels: boolean) {
    this.#ground = ground;
    const frame = Transforms.eastNorthUpToFixedFrame(ground);
    this.#up = Matrix4.multiplyByPointAsVector(frame, Cartesian3.UNIT_Z, new Cartesian3());
    this.shader = makeShader(hasLabels);
  }

  colourBy(colouring: PointColouring): void {
    this.shader.setUniform("u_mode", MODES[colouring]);
  }

  /** Leave out the points of pipes, which would bury the solids fitted to them. */
  hidePipePoints(hidden: boolean): void {
    this.shader.setUniform("u_hidePipePoints", hidden);
  }

  /** Call before each frame: positions reach the shader relative to the camera. */
  update(scene: Scene): void {
    const { viewMatrix, positionWC } = scene.camera;
    const above = Cartesian3.subtract(positionWC, this.#ground, new Cartesian3());
    const up = Matrix4.multiplyByPointAsVector(viewMatrix, this.#up, new Cartesian3());
    this.shader.setUniform("u_up", up);
    this.shader.setUniform("u_cameraHeight", Cartesian3.dot(above, this.#up));
  }
}

function makeShader(hasLabels: boolean): CustomShader {
  const label = hasLabels ? `float(fsInput.metadata.${LABEL_PROPERTY})` : "0.0";
  return new CustomShader({
    uniforms: {
      u_mode: { type: UniformType.INT, value: MODES.rgb },
      u_hidePipePoints: { type: UniformType.BOOL, value: true },
      u_up: { type: UniformType.VEC3, value: new Cartesian3(0, 0, 1) },
      u_cameraHeight: { type: UniformType.FLOAT, value: 0 },
    },
    fragmentShaderText: `
      ${heightColourSource()}
      bool isPipe(float label) {
        return label > 15.5;
      }
      vec3 labelColour(float label) {
        if (isPipe(label)) return ${glsl(LABELS.pipe)};
        if (label > 1.5) return ${glsl(LABELS.trench)};
        return label > 0.5 ? ${glsl(LABELS.ground)} : ${glsl(LABELS.other)};
      }
      void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
        float label = ${label};
        if (u_hidePipePoints && isPipe(label)) discard;
        if (u_mode == ${MODES.elevation}) {
          float height = dot(fsInput.attributes.positionEC, u_up) + u_cameraHeight;
          material.diffuse = heightColour(height);
        } else if (u_mode == ${MODES.label}) {
          material.diffuse = labelColour(label);
        }
      }`,
  });
}

function heightColourSource(): string {
  const [low, high] = HEIGHT_RANGE_M;
  const last = HEIGHT_STOPS.length - 1;
  const mixes = HEIGHT_STOPS.slice(1)
    .map((stop, i) => `colour = mix(colour, ${glsl(stop)}, clamp(t - ${i}.0, 0.0, 1.0));`)
    .join("\n");
  return `
    vec3 heightColour(float height) {
      float t = ${last}.0 * (height - (${low.toFixed(3)})) / ${(high - low).toFixed(3)};
      vec3 colour = ${glsl(HEIGHT_STOPS[0])};
      ${mixes}
      return colour;
    }`;
}

function glsl(css: string): string {
  const { red, green, blue } = linearColour(css);
  return `vec3(${[red, green, blue].map((value) => value.toFixed(4)).join(", ")})`;
}
