import { element } from "./dom";
import type { Signal } from "./signal";

/** A checkbox that shows and sets a signal. */
export function toggle(label: string, state: Signal<boolean>): HTMLElement {
  const input = element("input", { type: "checkbox" });
  input.checked = state.value;
  input.addEventListener("change", () => state.set(input.checked));
  state.follow((value) => {
    input.checked = value;
  });
  return element("label", { class: "toggle" }, input, label);
}

/** A row of choices of which one holds, as radio buttons. */
export function choice<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  state: Signal<T>,
): HTMLElement {
  const buttons = options.map(([value, name]) => {
    const input = element("input", { type: "radio", name: label, value });
    input.checked = state.value === value;
    input.addEventListener("change", () => state.set(value));
    return element("label", {}, input, element("span", {}, name));
  });
  const row = element("div", { class: "choice" }, ...buttons);
  return element("fieldset", {}, element("legend", {}, label), row);
}

/** A button with a text. */
export function button(label: string, onClick: () => void): HTMLButtonElement {
  const made = element("button", { type: "button" }, label);
  made.addEventListener("click", onClick);
  return made;
}

/** A slider from 0 to 1 that shows and sets a signal. */
export function shareSlider(label: string, state: Signal<number>): HTMLInputElement {
  const input = element("input", { type: "range", min: "0", max: "100", "aria-label": label });
  const show = (value: number) => {
    input.value = String(Math.round(100 * value));
    input.title = `${label} ${input.value} %`;
    input.setAttribute("aria-valuetext", `${input.value} %`);
  };
  input.addEventListener("input", () => state.set(Number(input.value) / 100));
  state.follow(show);
  show(state.value);
  return input;
}
