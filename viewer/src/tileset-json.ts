/** The parts of a 3D Tiles 1.1 tileset.json that the viewer reads itself. */
export interface TilesetJson {
  readonly root: TileJson;
  readonly schema?: {
    readonly classes?: Readonly<
      Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>
    >;
  };
  readonly groups?: readonly { readonly properties?: { readonly layer?: unknown } }[];
}

export interface TileJson {
  readonly boundingVolume: { readonly box?: readonly number[] };
  readonly transform?: readonly number[];
  readonly content?: ContentJson;
  readonly contents?: readonly ContentJson[];
  readonly children?: readonly TileJson[];
}

export interface ContentJson {
  readonly uri: string;
  readonly group?: number;
}
