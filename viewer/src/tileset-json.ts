/** The parts of a 3D Tiles 1.1 tileset.json that the viewer reads itself. */
export interface TilesetJson {
  readonly root: TileJson;
  readonly schema?: {
    readonly classes?: Readonly<
      Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>
    >;
  };
  readonly statistics?: {
    readonly classes?: Readonly<
      Record<string, { readonly properties?: Readonly<Record<string, PropertyStatistics>> }>
    >;
  };
  readonly groups?: readonly { readonly properties?: { readonly layer?: unknown } }[];
}

export interface PropertyStatistics {
  readonly min?: number;
  readonly max?: number;
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

/** Names of the metadata properties of all classes of a tileset. */
export function propertyNames({ schema }: TilesetJson): ReadonlySet<string> {
  const classes = Object.values(schema?.classes ?? {});
  return new Set(classes.flatMap(({ properties }) => Object.keys(properties ?? {})));
}

/** The least and greatest value of a property, null where the tileset does not say. */
export function propertyRange(
  { statistics }: TilesetJson,
  name: string,
): readonly [number, number] | null {
  for (const { properties } of Object.values(statistics?.classes ?? {})) {
    const { min, max } = properties?.[name] ?? {};
    if (min !== undefined && max !== undefined) return [min, max];
  }
  return null;
}
