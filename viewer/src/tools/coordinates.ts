import { type Cartesian3, Cartographic, Math as CesiumMath } from "cesium";
import { button } from "../controls";
import { element } from "../dom";
import { fixed } from "../format";
import { heightName, text } from "../i18n";
import type { SiteDetails } from "../site-details";
import { SNAP_NAMES, type Snap } from "../snap";
import type { Card } from "./card";
import type { Drawing } from "./drawing";
import { table } from "./measure";

/** Shows where a click lies: in the scan's plane, on the earth, and how high. */
export class Coordinates {
  readonly #drawing: Drawing;
  readonly #card: Card;

  constructor(drawing: Drawing, card: Card) {
    this.#drawing = drawing;
    this.#card = card;
  }

  start(): void {
    this.#drawing.clear();
    this.#card.show(text("coordinates"), [element("p", {}, text("coordinatesHint"))]);
  }

  click(found: Snap, site: SiteDetails | null): void {
    const rows = rowsAt(found.position, site);
    this.#drawing.clear();
    this.#drawing.point(found.position);
    const plain = rows.map((row) => row.join("\t")).join("\n");
    const copy = button(text("copy"), () => {
      void navigator.clipboard.writeText(plain).then(() => {
        copy.textContent = text("copied");
      });
    });
    this.#card.show(text("coordinates"), [
      table([[text("snapped"), text(SNAP_NAMES[found.kind])], ...rows]),
      copy,
    ]);
  }
}

function rowsAt(position: Cartesian3, site: SiteDetails | null): (readonly [string, string])[] {
  const place = Cartographic.fromCartesian(position);
  const scan = site?.frame?.fromCartographic(place);
  const rows: (readonly [string, string])[] = [];
  if (site && scan) {
    // Japanese plane coordinates call northing X.
    const plane = site.crs.local ? text("localPlane") : (site.crs.name ?? "");
    rows.push(
      [text("system"), plane],
      [`${text("northing")} X`, `${fixed(scan.northing, 3)} m`],
      [`${text("easting")} Y`, `${fixed(scan.easting, 3)} m`],
      [heightName(site.crs), `${fixed(scan.elevation, 3)} m`],
    );
  }
  rows.push(
    [text("latitude"), `${CesiumMath.toDegrees(place.latitude).toFixed(8)}°`],
    [text("longitude"), `${CesiumMath.toDegrees(place.longitude).toFixed(8)}°`],
    [text("ellipsoidalHeight"), `${fixed(place.height, 3)} m`],
  );
  return rows;
}
