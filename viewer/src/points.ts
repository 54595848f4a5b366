import {
  Cartesian2,
  Cartesian3,
  type Cesium3DTileset,
  CustomShader,
  Matrix4,
  type Scene,
  Transforms,
  UniformType,
} from "cesium";
import { type Barrel, MOST_NODES } from "./barrel";
import {
  DISTANCE_STOPS,
  HEIGHT_STOPS,
  LABELS,
  LAS_CLASSES,
  linearColour,
  UNKNOWN,
} from "./palette";

export const POINT_COLOURINGS = [
  "rgb",
  "elevation",
  "label",
  "intensity",
  "class",
  "distance",
] as const;
export type PointColouring = (typeof POINT_COLOURINGS)[number];

/** Heights that the colours span, in metres above the ground. */
export const HEIGHT_RANGE_M = [-2.5, 0.5] as const;
/** Distances from the fitted barrel that the colours span, metres. */
export const DISTANCE_RANGE_M = [-0.05, 0.05] as const;

/** Metadata properties of point tiles, and the colourings that need them. */
export const NEEDED: Readonly<Partial<Record<PointColouring, string>>> = {
  label: "label",
  intensity: "intensity",
  class: "classification",
};

const MODE = Object.fromEntries(POINT_COLOURINGS.map((name, i) => [name, i])) as Record<
  PointColouring,
  number
>;

/** Colours the points of one tileset; heights and distances are worked out on the GPU. */
export class PointShader {
  readonly #tileset: Cesium3DTileset;
  readonly #properties: ReadonlySet<string>;
  readonly #values: Readonly<Record<string, number | boolean | Cartesian2>>;
  #shader: CustomShader;
  readonly #ground: Cartesian3;
  readonly #up: Cartesian3;
  #barrel: Barrel | null = null;
  #measures = false;

  /** Take the ground below or above the tileset, and what its points carry. */
  constructor(
    tileset: Cesium3DTileset,
    ground: Cartesian3,
    properties: ReadonlySet<string>,
    intensities: readonly [number, number] | null,
  ) {
    this.#tileset = tileset;
    this.#properties = properties;
    this.#ground = ground;
    const frame = Transforms.eastNorthUpToFixedFrame(ground);
    this.#up = Matrix4.multiplyByPointAsVector(frame, Cartesian3.UNIT_Z, new Cartesian3());
    const [low, high] = intensities ?? [0, 65_535];
    this.#values = {
      u_mode: MODE.rgb,
      u_hidePipePoints: true,
      u_opacity: 1,
      u_intensities: new Cartesian2(low, Math.max(high, low + 1)),
    };
    this.#shader = this.#dress(false);
  }

  colourBy(colouring: PointColouring): void {
    const measures = colouring === "distance";
    if (measures !== this.#measures) this.#shader = this.#dress(measures);
    this.#set({ u_mode: MODE[colouring] });
  }

  /** Leave out the points of pipes, which would bury the solids fitted to them. */
  hidePipePoints(hidden: boolean): void {
    this.#set({ u_hidePipePoints: hidden });
  }

  setOpacity(opacity: number): void {
    this.#set({ u_opacity: opacity });
  }

  /** The pipe from which distances are taken. */
  setBarrel(barrel: Barrel | null): void {
    this.#barrel = barrel;
    if (this.#measures) this.#showBarrel();
  }

  /** Call before each frame: positions reach the shader relative to the camera. */
  update(scene: Scene): void {
    const { viewMatrix, positionWC } = scene.camera;
    const above = Cartesian3.subtract(positionWC, this.#ground, new Cartesian3());
    const up = Matrix4.multiplyByPointAsVector(viewMatrix, this.#up, new Cartesian3());
    this.#shader.setUniform("u_up", up);
    this.#shader.setUniform("u_cameraHeight", Cartesian3.dot(above, this.#up));
    if (!this.#measures) return;
    this.#barrel?.nodes.forEach((node, i) => {
      const place = Matrix4.multiplyByPoint(viewMatrix, node, new Cartesian3());
      this.#shader.setUniform(`u_node${i}`, place);
    });
  }

  #set(values: Readonly<Record<string, number | boolean>>): void {
    Object.assign(this.#values, values);
    for (const [name, value] of Object.entries(values)) this.#shader.setUniform(name, value);
  }

  // Distances make a long program, which a CPU takes long to compile; few ask for them.
  #dress(measures: boolean): CustomShader {
    const shader = makeShader(this.#properties, measures);
    for (const [name, value] of Object.entries(this.#values)) shader.setUniform(name, value);
    this.#measures = measures;
    this.#shader = shader;
    this.#tileset.customShader = shader;
    if (measures) this.#showBarrel();
    return shader;
  }

  #showBarrel(): void {
    this.#shader.setUniform("u_nodes", this.#barrel?.nodes.length ?? 0);
    this.#shader.setUniform("u_radius", this.#barrel?.radius ?? 0);
  }
}

function makeShader(properties: ReadonlySet<string>, measures: boolean): CustomShader {
  const metadata = (name: string) =>
    properties.has(name) ? `float(fsInput.metadata.${name})` : "0.0";
  return new CustomShader({
    uniforms: {
      u_mode: { type: UniformType.INT, value: MODE.rgb },
      u_hidePipePoints: { type: UniformType.BOOL, value: true },
      u_opacity: { type: UniformType.FLOAT, value: 1 },
      u_up: { type: UniformType.VEC3, value: new Cartesian3(0, 0, 1) },
      u_cameraHeight: { type: UniformType.FLOAT, value: 0 },
      u_intensities: { type: UniformType.VEC2, value: new Cartesian2(0, 65_535) },
      ...(measures ? barrelUniforms() : {}),
    },
    fragmentShaderText: `
      ${scaleSource("heightColour", HEIGHT_STOPS, HEIGHT_RANGE_M)}
      ${measures ? distanceSource() : ""}
      bool isPipe(float label) {
        return label > 15.5;
      }
      vec3 labelColour(float label) {
        if (isPipe(label)) return ${glsl(LABELS.pipe)};
        if (label > 2.5) return ${glsl(LABELS.withheld)};
        if (label > 1.5) return ${glsl(LABELS.trench)};
        return label > 0.5 ? ${glsl(LABELS.ground)} : ${glsl(LABELS.other)};
      }
      vec3 classColour(float code) {
        ${LAS_CLASSES.map(([code, colour]) => `if (abs(code - ${code}.0) < 0.5) return ${glsl(colour)};`).join("\n")}
        return ${glsl(UNKNOWN)};
      }
      float noise(vec2 place) {
        return fract(52.9829189 * fract(dot(place, vec2(0.06711056, 0.00583715))));
      }
      void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
        float label = ${metadata("label")};
        if (u_hidePipePoints && isPipe(label) && u_mode != ${MODE.distance}) discard;
        // Points are drawn or not: blending a million of them would need an order.
        if (noise(gl_FragCoord.xy) >= u_opacity) discard;
        vec3 place = fsInput.attributes.positionEC;
        if (u_mode == ${MODE.elevation}) {
          material.diffuse = heightColour(dot(place, u_up) + u_cameraHeight);
        } else if (u_mode == ${MODE.label}) {
          material.diffuse = labelColour(label);
        } else if (u_mode == ${MODE.intensity}) {
          float share = (${metadata("intensity")} - u_intensities.x) / (u_intensities.y - u_intensities.x);
          material.diffuse = vec3(pow(clamp(share, 0.0, 1.0), 2.2));
        } else if (u_mode == ${MODE.class}) {
          material.diffuse = classColour(${metadata("classification")});
        }
        ${measures ? "if (u_nodes > 1) material.diffuse = offBarrel(place);" : ""}
      }`,
  });
}

function barrelUniforms() {
  const nodes = nodeNames().map((name) => [
    name,
    { type: UniformType.VEC3, value: new Cartesian3() },
  ]);
  return {
    u_nodes: { type: UniformType.INT, value: 0 },
    u_radius: { type: UniformType.FLOAT, value: 0 },
    ...Object.fromEntries(nodes),
  };
}

function nodeNames(): string[] {
  return Array.from({ length: MOST_NODES }, (_, i) => `u_node${i}`);
}

function distanceSource(): string {
  const steps = nodeNames()
    .slice(1)
    .map(
      (name, i) =>
        `if (u_nodes > ${i + 1}) away = min(away, toSegment(place, u_node${i}, ${name}));`,
    )
    .join("\n");
  return `
    float toSegment(vec3 place, vec3 from, vec3 to) {
      vec3 along = to - from;
      float share = clamp(dot(place - from, along) / dot(along, along), 0.0, 1.0);
      return length(place - from - share * along);
    }
    ${scaleSource("distanceColour", DISTANCE_STOPS, DISTANCE_RANGE_M)}
    vec3 offBarrel(vec3 place) {
      float away = 1.0e6;
      ${steps}
      away -= u_radius;
      float near = step(abs(away), ${(2 * DISTANCE_RANGE_M[1]).toFixed(3)});
      return mix(vec3(0.045), distanceColour(away), near);
    }`;
}

function scaleSource(
  name: string,
  stops: readonly string[],
  range: readonly [number, number],
): string {
  const [low, high] = range;
  const last = stops.length - 1;
  const mixes = stops
    .slice(1)
    .map((stop, i) => `colour = mix(colour, ${glsl(stop)}, clamp(t - ${i}.0, 0.0, 1.0));`)
    .join("\n");
  return `
    vec3 ${name}(float value) {
      float t = ${last}.0 * (value - (${low.toFixed(3)})) / ${(high - low).toFixed(3)};
      vec3 colour = ${glsl(stops[0] ?? UNKNOWN)};
      ${mixes}
      return colour;
    }`;
}

function glsl(css: string): string {
  const { red, green, blue } = linearColour(css);
  return `vec3(${[red, green, blue].map((value) => value.toFixed(4)).join(", ")})`;
}
