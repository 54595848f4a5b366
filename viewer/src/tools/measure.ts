import { Cartesian3 } from "cesium";
import { element } from "../dom";
import { deviation, fixed } from "../format";
import { text } from "../i18n";
import type { ScanFrame, ScanPlace } from "../scan-frame";
import { coverAt, SNAP_NAMES, type Snap } from "../snap";
import type { Card } from "./card";
import type { Drawing } from "./drawing";

/** Distance between two places: in space, in the plane, and upwards; metres. */
export interface Distance {
  readonly space: number;
  readonly plane: number;
  readonly rise: number;
}

/** Distances between clicks in the scan's own coordinates, and the cover at a pipe. */
export class Measure {
  readonly #drawing: Drawing;
  readonly #card: Card;
  readonly #frame: () => ScanFrame | null;
  #first: Snap | null = null;

  constructor(drawing: Drawing, card: Card, frame: () => ScanFrame | null) {
    this.#drawing = drawing;
    this.#card = card;
    this.#frame = frame;
  }

  start(): void {
    this.#first = null;
    this.#drawing.clear();
    this.#card.show(text("measure"), [element("p", {}, text("measureHint"))]);
  }

  /** A first click shows the depth there; a second one the distance between both. */
  click(found: Snap): void {
    if (this.#first === null) {
      this.#drawing.clear();
      this.#first = found;
      this.#drawing.point(found.position);
      this.#showDepth(found);
      return;
    }
    const first = this.#first;
    this.#first = null;
    this.#drawing.clear();
    this.#showDistance(first, found);
  }

  #showDepth(found: Snap): void {
    const place = coverAt(found);
    const rows: Row[] = [[text("snapped"), text(SNAP_NAMES[found.kind])]];
    if (place?.ground) {
      const height = Cartesian3.distance(place.ground, place.crown);
      const std = place.coverStd === null ? "" : ` ± ${deviation(place.coverStd, 3)}`;
      this.#drawing.point(found.kind === "crown" ? place.ground : place.crown);
      this.#drawing.line([place.crown, place.ground]);
      this.#drawing.label(place.ground, `${text("cover")} ${fixed(height, 3)} m`);
      rows.push([text("depthMeasured"), `${fixed(height, 3)}${std} m`]);
      rows.push([text("chainage"), `${fixed(place.chainage, 2)} m`]);
    }
    rows.push([text("next"), text("secondPoint")]);
    this.#card.show(text("measure"), [table(rows)]);
  }

  #showDistance(first: Snap, second: Snap): void {
    const distance = distanceBetween(this.#frame(), first.position, second.position);
    this.#drawing.point(first.position);
    this.#drawing.point(second.position);
    this.#drawing.line([first.position, second.position]);
    this.#drawing.label(second.position, `${fixed(distance.space, 3)} m`);
    this.#card.show(text("measure"), [
      table([
        [text("snapped"), `${text(SNAP_NAMES[first.kind])} → ${text(SNAP_NAMES[second.kind])}`],
        [text("slopeDistance"), `${fixed(distance.space, 3)} m`],
        [text("horizontalDistance"), `${fixed(distance.plane, 3)} m`],
        [text("heightDifference"), `${fixed(distance.rise, 3)} m`],
      ]),
    ]);
  }
}

type Row = readonly [name: string, value: string];

function distanceBetween(frame: ScanFrame | null, from: Cartesian3, to: Cartesian3): Distance {
  if (frame === null) {
    const space = Cartesian3.distance(from, to);
    const up = Cartesian3.normalize(from, new Cartesian3());
    const rise = Cartesian3.dot(Cartesian3.subtract(to, from, new Cartesian3()), up);
    return { space, plane: Math.sqrt(Math.max(0, space ** 2 - rise ** 2)), rise };
  }
  return between(frame.fromCartesian(from), frame.fromCartesian(to));
}

function between(from: ScanPlace, to: ScanPlace): Distance {
  const plane = Math.hypot(to.easting - from.easting, to.northing - from.northing);
  const rise = to.elevation - from.elevation;
  return { space: Math.hypot(plane, rise), plane, rise };
}

/** Names and values as a list of terms. */
export function table(rows: readonly Row[]): HTMLElement {
  const list = element("dl");
  for (const [name, value] of rows) {
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  }
  return list;
}
