import type { PipeColouring } from "./palette";
import type { PointColouring } from "./points";
import type { PipeRecord } from "./record";
import { Signal } from "./signal";

/** What the user has chosen; parts of the page set it and follow it. */
export class ViewState {
  readonly showPoints = new Signal(true);
  readonly showPipes = new Signal(true);
  readonly showGround = new Signal(true);
  readonly pointColouring = new Signal<PointColouring>("rgb");
  readonly pipeColouring = new Signal<PipeColouring>("nominal");
  readonly selected = new Signal<PipeRecord | null>(null);
}
