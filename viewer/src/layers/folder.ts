import { Resource } from "cesium";
import { text } from "../i18n";

const MOST_FILES = 20_000;
const ROOT = "tileset.json";
/** Names that this page gives folders: no host has them, and none is asked for them. */
const HOST = "folder.invalid";

let folders = 0;

/** The files of a dropped folder by their paths from its tileset.json, which they lie beside. */
export class TilesFolder {
  readonly name: string;
  readonly #files: ReadonlyMap<string, File>;
  readonly #base: string;

  constructor(name: string, files: ReadonlyMap<string, File>) {
    this.name = name;
    this.#files = files;
    folders += 1;
    this.#base = `https://${folders}.${HOST}/`;
  }

  /** What CesiumJS loads the tileset from. */
  get root(): Resource {
    return new FolderResource({ url: this.#base + ROOT }, this);
  }

  /** The file that an address below this folder means. */
  at(url: string): File {
    const path = decodeURIComponent(new URL(url).pathname.slice(1));
    const file = url.startsWith(this.#base) ? this.#files.get(path) : undefined;
    if (file === undefined) throw new Error(`${this.name}/${path}: 404`);
    return file;
  }
}

/** Reads what lies in a folder where CesiumJS would ask a server. */
class FolderResource extends Resource {
  readonly #options: Resource.ConstructorOptions;
  readonly #folder: TilesFolder;

  constructor(options: Resource.ConstructorOptions, folder: TilesFolder) {
    super(options);
    this.#options = options;
    this.#folder = folder;
  }

  override clone(result?: Resource): Resource {
    return super.clone(result ?? new FolderResource(this.#options, this.#folder));
  }

  override async fetch({ responseType }: { responseType?: string } = {}): Promise<unknown> {
    const file = this.#folder.at(this.url);
    if (responseType === "arraybuffer") return file.arrayBuffer();
    if (responseType === "blob") return file;
    const content = await file.text();
    return responseType === "json" ? JSON.parse(content) : content;
  }

  override async fetchImage({ flipY = false } = {}): Promise<ImageBitmap> {
    return createImageBitmap(this.#folder.at(this.url), {
      imageOrientation: flipY ? "flipY" : "from-image",
      premultiplyAlpha: "none",
    });
  }
}

/** A folder out of files with their paths, as a drop or a choice gives them. */
export function tilesFolder(name: string, files: ReadonlyMap<string, File>): TilesFolder {
  const roots = [...files.keys()].filter((path) => path.split("/").at(-1) === ROOT);
  const [root] = roots.sort((a, b) => depth(a) - depth(b) || a.localeCompare(b));
  if (root === undefined) throw new Error(text("noTileset"));
  const above = root.slice(0, -ROOT.length);
  const inside = [...files].filter(([path]) => path.startsWith(above));
  return new TilesFolder(name, new Map(inside.map(([path, f]) => [path.slice(above.length), f])));
}

/** The files below a dropped folder, by their paths from it. */
export async function filesBelow(folder: FileSystemDirectoryEntry): Promise<Map<string, File>> {
  const found = new Map<string, File>();
  const collect = async (entry: FileSystemEntry, path: string): Promise<void> => {
    if (found.size >= MOST_FILES) throw new Error(text("folderTooLarge"));
    if (entry.isFile) {
      const file = entry as FileSystemFileEntry;
      found.set(path, await new Promise<File>((give, fail) => file.file(give, fail)));
      return;
    }
    for (const inner of await entriesOf(entry as FileSystemDirectoryEntry)) {
      await collect(inner, path === "" ? inner.name : `${path}/${inner.name}`);
    }
  };
  await collect(folder, "");
  return found;
}

/** The files of a chosen folder, by their paths from it, and the folder's name. */
export function filesChosen(files: readonly File[]): [name: string, Map<string, File>] {
  if (files.length > MOST_FILES) throw new Error(text("folderTooLarge"));
  const name = files[0]?.webkitRelativePath.split("/")[0] ?? "";
  const byPath = files.map((file): [string, File] => [
    file.webkitRelativePath.slice(name.length + 1),
    file,
  ]);
  return [name, new Map(byPath)];
}

// They come in parts of a hundred; an empty part is the last.
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((give, fail) =>
      reader.readEntries(give, fail),
    );
    if (part.length === 0) return all;
    all.push(...part);
  }
}

function depth(path: string): number {
  return path.split("/").length;
}
