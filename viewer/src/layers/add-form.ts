import { button } from "../controls";
import { element } from "../dom";
import { language, text } from "../i18n";
import { live } from "../live";
import { chosenFolder, guessKind, nameOf, plainLayer, readFile } from "./drop";
import type { ExtraKind, ExtraLayer } from "./extra-layer";
import { type Extras, keyOf } from "./extras";

const KINDS: readonly (readonly [ExtraKind, string])[] = [
  ["geojson", "GeoJSON"],
  ["czml", "CZML"],
  ["xyz", "XYZ"],
  ["wms", "WMS"],
  ["3d-tiles", "3D Tiles"],
];

/** A form to add a layer of the catalogue, by its address, or as a file. */
export function addForm(extras: Extras, catalogue: readonly ExtraLayer[]): HTMLElement {
  const host = element("details", { class: "add" });
  const write = () => content(extras, catalogue, host);
  return live(host, write, language, extras.added);
}

function content(
  extras: Extras,
  catalogue: readonly ExtraLayer[],
  host: HTMLDetailsElement,
): Node[] {
  const url = element("input", { type: "text", inputmode: "url", "aria-label": text("address") });
  url.placeholder = "https://…/{z}/{x}/{y}.png";
  const kind = element("select", { "aria-label": text("kind") });
  for (const [value, name] of KINDS) kind.append(element("option", { value }, name));
  const layers = element("input", { type: "text", "aria-label": text("wmsLayers") });
  layers.placeholder = text("wmsLayers");
  layers.hidden = true;
  const guess = () => {
    layers.hidden = kind.value !== "wms";
  };
  url.addEventListener("input", () => {
    kind.value = guessKind(url.value);
    guess();
  });
  kind.addEventListener("change", guess);
  const form = element(
    "form",
    {},
    url,
    element("div", { class: "row" }, kind, element("button", { type: "submit" }, text("add"))),
    layers,
    element("p", { class: "note" }, text("dropHint")),
    element("div", { class: "row" }, ...fileButtons(extras)),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = url.value.trim();
    if (address === "") return;
    const name = nameOf(address);
    const absolute = /^[a-z]+:/i.test(address)
      ? address
      : new URL(".", document.baseURI).href + address.replace(/^\//, "");
    void extras.add(plainLayer(name, kind.value as ExtraKind, absolute, layers.value || null));
    host.open = false;
  });
  const added = new Set(extras.added.value.map(({ source }) => keyOf(source)));
  const left = catalogue.filter((layer) => !added.has(keyOf(layer)));
  const offers = left.map((layer) =>
    button(`+ ${layer.name}`, () => void extras.add({ ...layer, shown: true })),
  );
  return [
    element("summary", {}, text("addLayer")),
    element("div", { class: "offers" }, ...offers),
    form,
  ];
}

/** Buttons in the page's language: a browser labels its own in that of the system. */
function fileButtons(extras: Extras): HTMLElement[] {
  const files = element("input", {
    type: "file",
    accept: ".geojson,.json,.czml",
    "aria-label": text("file"),
  });
  files.addEventListener("change", () => {
    for (const chosen of files.files ?? []) {
      readFile(chosen).then(
        ({ layer, data }) => extras.add(layer, data),
        (error: unknown) => extras.refuse(`${chosen.name}: ${(error as Error).message}`),
      );
    }
  });
  const folder = element("input", {
    type: "file",
    webkitdirectory: "",
    "aria-label": text("folder"),
  });
  folder.addEventListener("change", () => {
    const chosen = [...(folder.files ?? [])];
    try {
      const { layer, data } = chosenFolder(chosen);
      void extras.add(layer, data);
    } catch (error) {
      extras.refuse((error as Error).message);
    }
  });
  return [files, folder].flatMap((input) => {
    input.hidden = true;
    const label = input === files ? text("chooseFile") : text("chooseFolder");
    return [input, button(label, () => input.click())];
  });
}
