import {
  Cartesian2,
  type Cartesian3,
  type CesiumWidget,
  Color,
  ColorMaterialProperty,
  type Entity,
  LabelStyle,
  PolylineDashMaterialProperty,
} from "cesium";

const FAR = Number.POSITIVE_INFINITY;
const INK = Color.fromCssColorString("#ffe14d");
const PAPER = Color.fromCssColorString("#12161c").withAlpha(0.85);

/** Marks, lines and labels of one tool, seen through everything. */
export class Drawing {
  readonly #widget: CesiumWidget;
  readonly #entities: Entity[] = [];

  constructor(widget: CesiumWidget) {
    this.#widget = widget;
  }

  point(position: Cartesian3): void {
    this.#add({
      position,
      point: {
        pixelSize: 10,
        color: INK,
        outlineColor: Color.BLACK,
        outlineWidth: 2,
        disableDepthTestDistance: FAR,
      },
    });
  }

  line(positions: readonly Cartesian3[]): void {
    this.#add({
      polyline: {
        positions: [...positions],
        width: 3,
        material: new ColorMaterialProperty(INK),
        depthFailMaterial: new PolylineDashMaterialProperty({ color: INK }),
        arcType: 0,
      },
    });
  }

  label(position: Cartesian3, text: string): void {
    this.#add({
      position,
      label: {
        text,
        font: "600 14px system-ui, 'Noto Sans JP', sans-serif",
        style: LabelStyle.FILL,
        fillColor: Color.WHITE,
        showBackground: true,
        backgroundColor: PAPER,
        backgroundPadding: new Cartesian2(8, 5),
        pixelOffset: new Cartesian2(0, -22),
        disableDepthTestDistance: FAR,
      },
    });
  }

  clear(): void {
    for (const entity of this.#entities) this.#widget.entities.remove(entity);
    this.#entities.length = 0;
    this.#widget.scene.requestRender();
  }

  #add(options: Entity.ConstructorOptions): void {
    this.#entities.push(this.#widget.entities.add(options));
    this.#widget.scene.requestRender();
  }
}
