import type { ExtraKind, ExtraLayer } from "./layers/extra-layer";

/** The parts of a Terria catalogue that the viewer understands. */
export interface CatalogJson {
  readonly catalog?: readonly MemberJson[];
  readonly workbench?: readonly string[];
}

interface MemberJson {
  readonly type?: string;
  readonly id?: string;
  readonly name?: string;
  readonly url?: string;
  readonly layers?: string;
  readonly opacity?: number;
  readonly attribution?: string;
  readonly members?: readonly MemberJson[];
  readonly legends?: readonly { readonly items?: readonly { title?: string; color?: string }[] }[];
}

const KINDS: Readonly<Record<string, ExtraKind>> = {
  geojson: "geojson",
  czml: "czml",
  wms: "wms",
  "3d-tiles": "3d-tiles",
  "url-template-imagery": "xyz",
  "open-street-map": "xyz",
};

/** Begins the ids of what a run itself has written: its tiles are shown anyway. */
const OWN = "twin-pipeline/";

/** The layers of a catalogue beside the run's own. */
export function extraLayers(catalog: CatalogJson, base: string): ExtraLayer[] {
  const opened = new Set(catalog.workbench ?? []);
  const found: ExtraLayer[] = [];
  const collect = (members: readonly MemberJson[]) => {
    for (const member of members) {
      collect(member.members ?? []);
      const layer = readMember(member, base, opened);
      if (layer !== null) found.push(layer);
    }
  };
  collect(catalog.catalog ?? []);
  return found;
}

function readMember(
  member: MemberJson,
  base: string,
  opened: ReadonlySet<string>,
): ExtraLayer | null {
  const kind = member.type === undefined ? undefined : KINDS[member.type];
  if (kind === undefined || !member.url || member.id?.startsWith(OWN)) return null;
  return {
    name: member.name ?? member.url,
    kind,
    url: absolute(member.url, base, kind),
    wmsLayers: member.layers ?? null,
    opacity: member.opacity ?? 1,
    shown: member.id !== undefined && opened.has(member.id),
    attribution: member.attribution ?? null,
    legend: (member.legends ?? []).flatMap(({ items }) =>
      (items ?? []).flatMap(({ title, color }) =>
        title && color ? [{ title, colour: color }] : [],
      ),
    ),
  };
}

// `new URL` would encode the braces of a template.
function absolute(url: string, base: string, kind: ExtraKind): string {
  const made = new URL(url, base).href;
  return kind === "xyz" ? made.replaceAll("%7B", "{").replaceAll("%7D", "}") : made;
}
