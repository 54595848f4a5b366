import type { TextKey } from "./i18n";
import type { NumberField, PipeRecord } from "./record";
import { Signal } from "./signal";

/** Least and greatest value to be shown. */
export type Range = readonly [low: number, high: number];

export type FilterField = Extract<NumberField, TextKey>;

/** A number of pipes by which they can be sifted. */
export interface Filter {
  readonly field: FilterField;
  readonly unit: string;
  readonly decimals: number;
  /** Of the unit shown in one of the data's. */
  readonly scale: number;
  /** From the least to the greatest value there is, on round numbers. */
  readonly whole: Range;
  readonly range: Signal<Range>;
}

const FIELDS: readonly (readonly [FilterField, unit: string, decimals: number, scale: number])[] = [
  ["cover_min_m", "m", 2, 1],
  ["outer_diameter_m", "mm", 0, 1000],
  ["length_m", "m", 1, 1],
  ["position_std_v_m", "mm", 0, 1000],
  ["observed_fraction", "%", 0, 100],
];

/** Which pipes are shown: those within all ranges. One without a value is only hidden by use. */
export class Filters {
  readonly all: readonly Filter[];
  readonly changed = new Signal(0);

  constructor(pipes: readonly PipeRecord[]) {
    this.all = FIELDS.flatMap(([field, unit, decimals, scale]) => {
      const whole = rangeOf(pipes, field, scale, decimals);
      if (whole === null) return [];
      return [{ field, unit, decimals, scale, whole, range: new Signal(whole) }];
    });
    for (const { range } of this.all) {
      range.follow(() => this.changed.set(this.changed.value + 1));
    }
  }

  shows(pipe: PipeRecord): boolean {
    return this.all.every(({ field, scale, whole, range }) => {
      const [low, high] = range.value;
      if (low === whole[0] && high === whole[1]) return true;
      const value = pipe[field];
      return value !== null && low <= scale * value && scale * value <= high;
    });
  }

  reset(): void {
    for (const { range, whole } of this.all) range.set(whole);
  }
}

function rangeOf(
  pipes: readonly PipeRecord[],
  field: NumberField,
  scale: number,
  decimals: number,
): Range | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { [field]: value } of pipes) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return null;
  const unit = 10 ** decimals;
  return [Math.floor(low * scale * unit) / unit, Math.ceil(high * scale * unit) / unit];
}
