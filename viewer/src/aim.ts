import { Cartesian2 } from "cesium";
import { byId, element } from "./dom";
import { icon } from "./icons";
import { covered } from "./layout";

/**
 * Let Enter click the scene for whoever has no mouse: in the middle of what sidebar and charts
 * leave free, where a cross shows while the scene has the keyboard.
 */
export function followEnter(canvas: HTMLCanvasElement, onClick: (at: Cartesian2) => void): void {
  const cross = element("div", { id: "aim", "aria-hidden": "true" });
  cross.append(icon("aim"));
  byId("scene").after(cross);
  const place = () => {
    const at = middle(canvas);
    cross.style.left = `${at.x}px`;
    cross.style.top = `${at.y}px`;
  };
  canvas.addEventListener("focus", place);
  const observer = new ResizeObserver(place);
  for (const node of [canvas, byId("sidebar"), byId("dock")]) observer.observe(node);
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.repeat) return;
    event.preventDefault();
    place();
    onClick(middle(canvas));
  });
}

/** The panel counts only where it would cover the place: it comes and goes with what is clicked. */
function middle({ clientWidth, clientHeight }: HTMLCanvasElement): Cartesian2 {
  const { left, right, bottom } = covered();
  const x = (left + clientWidth) / 2;
  return new Cartesian2(Math.min(x, clientWidth - right - 20), (clientHeight - bottom) / 2);
}
