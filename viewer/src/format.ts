const NOTHING = "—";

/** Millimetres with one decimal from metres, with ± 1 sigma where it is known. */
export function millimetres(valueM: number | null, stdM: number | null = null): string {
  return quantity(scaled(valueM), scaled(stdM), 1, "mm");
}

/** Metres with three decimals, with ± 1 sigma where it is known. */
export function metres(valueM: number | null, stdM: number | null = null): string {
  return quantity(valueM, stdM, 3, "m");
}

/** Two elevations or covers along a pipe, in metres. */
export function metresFromTo(startM: number | null, endM: number | null): string {
  if (startM === null && endM === null) return NOTHING;
  return `${fixed(startM, 3)} → ${fixed(endM, 3)} m`;
}

/** A fraction as whole percent. */
export function percent(fraction: number | null, decimals = 0): string {
  return fraction === null ? NOTHING : `${fixed(100 * fraction, decimals)} %`;
}

/** A plain number with a unit. */
export function quantity(
  value: number | null,
  std: number | null,
  decimals: number,
  unit: string,
): string {
  if (value === null) return NOTHING;
  const uncertainty = std === null ? "" : ` ± ${deviation(std, decimals)}`;
  const gap = unit === "°" ? "" : " ";
  return `${fixed(value, decimals)}${uncertainty}${gap}${unit}`;
}

/** A standard deviation; one that is small has a decimal more, as ± 0.000 would mean certain. */
export function deviation(std: number, decimals: number): string {
  return fixed(std, Number(std.toFixed(decimals)) === 0 ? decimals + 1 : decimals);
}

/** A whole number with thousands separated, or a dash. */
export function count(value: number | null): string {
  return value === null ? NOTHING : value.toLocaleString("en-US");
}

/** A number with so many decimals; never a negative zero. */
export function fixed(value: number | null, decimals: number): string {
  return value === null ? NOTHING : value.toFixed(decimals).replace(/^-(?=[0.]*$)/, "");
}

function scaled(valueM: number | null): number | null {
  return valueM === null ? null : 1000 * valueM;
}
