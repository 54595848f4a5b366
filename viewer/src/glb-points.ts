import { MeshoptDecoder } from "meshoptimizer/decoder";

/** Points of one tile, in the frame of its GLB (y up). */
export interface GlbPoints {
  readonly count: number;
  /** (3 * count) metres. */
  readonly positions: Float64Array;
  /** (3 * count) red, green, blue of the screen from 0 to 255; null where there are none. */
  readonly colours: Uint8ClampedArray | null;
  /** (count) results by point; null where the tiles have none. */
  readonly labels: Uint16Array | null;
}

interface GltfJson {
  readonly nodes: readonly {
    readonly mesh?: number;
    readonly translation?: readonly number[];
    readonly scale?: readonly number[];
  }[];
  readonly meshes: readonly {
    readonly primitives: readonly { readonly attributes: Readonly<Record<string, number>> }[];
  }[];
  readonly accessors: readonly AccessorJson[];
  readonly bufferViews: readonly BufferViewJson[];
}

interface AccessorJson {
  readonly bufferView: number;
  readonly byteOffset?: number;
  readonly componentType: number;
  readonly normalized?: boolean;
  readonly count: number;
  readonly type: string;
}

interface BufferViewJson {
  readonly byteOffset?: number;
  readonly byteLength: number;
  readonly byteStride?: number;
  readonly extensions?: Readonly<Record<string, MeshoptJson>>;
}

interface MeshoptJson {
  readonly byteOffset?: number;
  readonly byteLength: number;
  readonly byteStride: number;
  readonly count: number;
  readonly mode: string;
  readonly filter?: string;
}

const MESHOPT = ["EXT_meshopt_compression", "KHR_meshopt_compression"];
const JSON_CHUNK_AT = 20;
const COMPONENTS: Readonly<Record<string, number>> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 };

type Reader = (view: DataView, at: number) => number;
const READERS: Readonly<Record<number, readonly [bytes: number, read: Reader, most: number]>> = {
  5120: [1, (view, at) => view.getInt8(at), 127],
  5122: [2, (view, at) => view.getInt16(at, true), 32_767],
  5125: [4, (view, at) => view.getUint32(at, true), 4_294_967_295],
  5121: [1, (view, at) => view.getUint8(at), 255],
  5123: [2, (view, at) => view.getUint16(at, true), 65_535],
  5126: [4, (view, at) => view.getFloat32(at, true), 1],
};

/** Read all points of a binary glTF, packed with meshopt or not. */
export async function readGlbPoints(buffer: ArrayBuffer): Promise<GlbPoints> {
  await MeshoptDecoder.ready;
  const view = new DataView(buffer);
  const jsonBytes = view.getUint32(12, true);
  const text = new TextDecoder().decode(new Uint8Array(buffer, JSON_CHUNK_AT, jsonBytes));
  const gltf = JSON.parse(text) as GltfJson;
  const binary = new Uint8Array(buffer, JSON_CHUNK_AT + jsonBytes + 8);
  const [node] = gltf.nodes;
  const attributes = gltf.meshes[node?.mesh ?? 0]?.primitives[0]?.attributes ?? {};
  const read = (name: string) => {
    const accessor = gltf.accessors[attributes[name] ?? -1];
    return accessor === undefined ? null : readAccessor(gltf, accessor, binary);
  };
  const positions = read("POSITION") ?? new Float64Array();
  place(positions, node?.translation ?? [0, 0, 0], node?.scale ?? [1, 1, 1]);
  const count = positions.length / 3;
  const labels = read("_LABEL");
  return {
    count,
    positions,
    colours: screenColours(read("COLOR_0"), count),
    labels: labels === null ? null : Uint16Array.from(labels),
  };
}

function place(positions: Float64Array, move: readonly number[], scale: readonly number[]): void {
  for (let i = 0; i < positions.length; i += 1) {
    positions[i] = (positions[i] ?? 0) * (scale[i % 3] ?? 1) + (move[i % 3] ?? 0);
  }
}

// glTF's colours are in proportion to light.
function screenColours(linear: Float64Array | null, count: number): Uint8ClampedArray | null {
  if (linear === null || count === 0) return null;
  const width = linear.length / count;
  const colours = new Uint8ClampedArray(3 * count);
  for (let i = 0; i < count; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      colours[3 * i + channel] = 255 * (linear[width * i + channel] ?? 0) ** (1 / 2.2);
    }
  }
  return colours;
}

function readAccessor(gltf: GltfJson, accessor: AccessorJson, binary: Uint8Array): Float64Array {
  const bufferView = gltf.bufferViews[accessor.bufferView];
  const reader = READERS[accessor.componentType];
  if (bufferView === undefined || reader === undefined) {
    throw new Error(`glTF component type ${accessor.componentType} is not supported`);
  }
  const [bytes, read, most] = reader;
  const width = COMPONENTS[accessor.type] ?? 1;
  const stride = bufferView.byteStride ?? width * bytes;
  const data = unpacked(bufferView, binary);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const scale = accessor.normalized ? 1 / most : 1;
  const values = new Float64Array(width * accessor.count);
  for (let i = 0; i < accessor.count; i += 1) {
    const at = (accessor.byteOffset ?? 0) + i * stride;
    for (let j = 0; j < width; j += 1) values[width * i + j] = scale * read(view, at + j * bytes);
  }
  return values;
}

function unpacked(bufferView: BufferViewJson, binary: Uint8Array): Uint8Array {
  const name = MESHOPT.find((extension) => bufferView.extensions?.[extension] !== undefined);
  const packed = name === undefined ? undefined : bufferView.extensions?.[name];
  const from = packed ?? bufferView;
  const start = from.byteOffset ?? 0;
  const source = binary.subarray(start, start + from.byteLength);
  if (packed === undefined) return source;
  const { count, byteStride, mode, filter } = packed;
  const target = new Uint8Array(count * byteStride);
  MeshoptDecoder.decodeGltfBuffer(target, count, byteStride, source, mode, filter);
  return target;
}
