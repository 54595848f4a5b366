const TEXT_FIELDS = [
  "site",
  "pipe_id",
  "role",
  "material",
  "quality",
  "quality_reason",
  "quality_reason_ja",
] as const;

const NUMBER_FIELDS = [
  "outer_diameter_m",
  "outer_diameter_std_m",
  "nominal_diameter_mm",
  "nominal_probability",
  "length_m",
  "cover_min_m",
  "cover_mean_m",
  "cover_max_m",
  "cover_std_m",
  "crown_z_start_m",
  "crown_z_end_m",
  "centre_z_start_m",
  "centre_z_end_m",
  "position_std_h_m",
  "position_std_v_m",
  "arc_deg",
  "fit_rms_m",
  "points",
  "observed_fraction",
] as const;

export type NumberField = (typeof NUMBER_FIELDS)[number];

/** One pipe: the fields of the layer `pipes`, null where the data has no value. */
export type PipeRecord = Readonly<
  { key: string } & Record<(typeof TEXT_FIELDS)[number], string | null> &
    Record<(typeof NUMBER_FIELDS)[number], number | null>
>;

/** Read a record from anything that has the fields by name. */
export function readRecord(get: (field: string) => unknown): PipeRecord {
  const fields: Record<string, string | number | null> = {};
  for (const name of TEXT_FIELDS) fields[name] = asText(get(name));
  for (const name of NUMBER_FIELDS) fields[name] = asNumber(get(name));
  return { key: keyOf((name) => fields[name]), ...fields } as PipeRecord;
}

/** What tells a pipe from all others, from anything that has the fields by name. */
export function keyOf(get: (field: string) => unknown): string {
  return `${asText(get("site"))}\n${asText(get("pipe_id"))}`;
}

function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

// Property tables give 64-bit integers as bigint.
function asNumber(value: unknown): number | null {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}
