import { barrelOf } from "./barrel";
import type { Dataset, LocatedPipe } from "./dataset";
import type { Picked } from "./pick";
import type { PipeSolids } from "./pipes";
import type { PipeRecord } from "./record";
import type { ViewState } from "./state";
import type { Tilesets } from "./tilesets";

/** Which pipe is chosen, by click, list, link or tool; and what follows from that. */
export class Selection {
  readonly #dataset: Dataset;
  readonly #state: ViewState;
  readonly #solids: PipeSolids;
  readonly #tilesets: Tilesets;
  readonly #byKey: ReadonlyMap<string, LocatedPipe>;

  constructor(dataset: Dataset, state: ViewState, solids: PipeSolids, tilesets: Tilesets) {
    this.#dataset = dataset;
    this.#state = state;
    this.#solids = solids;
    this.#tilesets = tilesets;
    this.#byKey = new Map(dataset.pipes.map((pipe) => [pipe.record.key, pipe]));
    state.selected.follow((pipe) => {
      solids.look({ selectedKey: pipe?.key ?? null });
      this.#measureFrom(pipe);
    });
    for (const tool of [state.tools.profile, state.tools.section]) {
      tool.follow((on) => on && this.#chooseSomething());
    }
    this.#measureFrom(null);
  }

  /** The chosen pipe with its place, null where none is chosen. */
  get located(): LocatedPipe | null {
    const { value: record } = this.#state.selected;
    return record && this.locate(record);
  }

  /** A pipe with its place, null where it has none. */
  locate({ key }: { readonly key: string }): LocatedPipe | null {
    return this.#byKey.get(key) ?? null;
  }

  /** The pipe of a site that has this name. */
  named(site: string | null, pipe: string | null): PipeRecord | null {
    return this.#byKey.get(`${site}\n${pipe}`)?.record ?? null;
  }

  choose(record: PipeRecord | null): void {
    this.#state.mark.set(null);
    this.#state.selected.set(record && this.#solids.exact(record));
  }

  /** Choose what a click has hit. */
  take({ pipe, mark, feature }: Picked): void {
    const state = this.#state;
    state.feature.set(feature);
    if (mark === null) {
      state.mark.set(null);
      state.selected.set(pipe);
      return;
    }
    const owner = this.named(mark.site, mark.pipeId);
    if (owner === null) return;
    this.choose(owner);
    state.chainage.set(mark.kind === "station" ? mark.chainage : mark.fitting.chainage_m);
    state.mark.set(mark);
  }

  /** A chart needs a pipe: the longest, where none is selected. */
  #chooseSomething(): void {
    if (this.#state.selected.value !== null) return;
    const longest = this.#longest();
    if (longest) this.choose(longest.record);
  }

  /** Distances of points are taken from the selected pipe, else from the longest. */
  #measureFrom(pipe: PipeRecord | null): void {
    const located = (pipe && this.locate(pipe)) ?? this.#longest();
    this.#tilesets.setBarrel(located ? barrelOf(located) : null);
  }

  #longest(): LocatedPipe | undefined {
    const length = ({ record }: LocatedPipe) => record.length_m ?? 0;
    return this.#dataset.pipes.reduce<LocatedPipe | undefined>(
      (best, pipe) => (best === undefined || length(pipe) > length(best) ? pipe : best),
      undefined,
    );
  }
}
