import { Signal } from "./signal";

export type Language = "ja" | "en";

const TEXTS = {
  title: ["管路ビューア", "Pipe viewer"],
  language: ["English", "日本語"],
  languageHint: ["Switch to English", "日本語に切り替える"],
  scene: [
    "3D 表示：矢印キーで回転、+ と − で拡大縮小",
    "3D view: arrow keys turn it, + and − zoom",
  ],
  menu: ["メニュー", "Menu"],
  home: ["全体表示", "Whole site"],
  close: ["閉じる", "Close"],
  layers: ["レイヤ", "Layers"],
  points: ["点群", "Point cloud"],
  pipes: ["管路", "Pipes"],
  ground: ["地表面", "Ground surface"],
  pointColour: ["点群の色", "Colour of points"],
  rgb: ["実色", "Natural"],
  elevation: ["高さ", "Height"],
  label: ["分類", "Class"],
  pipeColour: ["管路の色", "Colour of pipes"],
  nominal: ["呼び径", "Nominal size"],
  quality: ["品質", "Quality"],
  undecided: ["判定不能", "undecided"],
  heightLegend: ["地表からの高さ", "Height above ground"],
  labelGround: ["地表", "Ground"],
  labelTrench: ["掘削面", "Trench"],
  labelPipe: ["管", "Pipe"],
  labelOther: ["その他", "Unassigned"],
  pipeList: ["管路一覧", "Pipes"],
  noPipes: ["管路はありません", "No pipes"],
  role: ["区分", "Role"],
  material: ["管種", "Material"],
  outerDiameter: ["外径", "Outer diameter"],
  nominalDiameter: ["呼び径", "Nominal diameter"],
  probability: ["確率", "probability"],
  length: ["延長", "Length"],
  size: ["寸法", "Size"],
  cover: ["土被り", "Cover"],
  minimum: ["最小", "Minimum"],
  mean: ["平均", "Mean"],
  maximum: ["最大", "Maximum"],
  elevations: ["標高（始点 → 終点）", "Elevation (start → end)"],
  crown: ["管頂高", "Crown"],
  centre: ["管中心高", "Centre"],
  accuracy: ["位置の標準偏差", "Standard deviation of the position"],
  horizontal: ["水平", "Horizontal"],
  vertical: ["鉛直", "Vertical"],
  basis: ["根拠", "Rests on"],
  arc: ["可視円弧角", "Visible arc"],
  residual: ["当てはめ残差", "RMS of fit"],
  pointCount: ["使用点数", "Points"],
  observed: ["観測区間の割合", "Observed length"],
  sigma: ["± は標準偏差（1σ）", "± is the standard deviation (1σ)"],
  loading: ["読み込み中…", "Loading…"],
  noWebgl: [
    "3D 表示を開始できません。ブラウザの WebGL 2 を有効にしてください。",
    "The 3D view can't start: enable WebGL 2 in the browser.",
  ],
  drawing: ["描画できません。", "The scene can't be drawn."],
  noTiles: ["tiles/tileset.json を読み込めません。", "tiles/tileset.json can't be loaded."],
  tilesFailed: ["読み込めないタイルがあります", "Tiles that could not be loaded"],
} as const satisfies Record<string, readonly [ja: string, en: string]>;

/** Codes that the data uses. */
const CODES: Readonly<Record<string, readonly [ja: string, en: string]>> = {
  main: ["本管", "Main"],
  branch: ["分岐管", "Branch"],
  crossing: ["横断管", "Crossing"],
  unknown: ["不明", "Unknown"],
  good: ["良", "Good"],
  usable: ["可", "Usable"],
  poor: ["不良", "Poor"],
  DIP: ["ダクタイル鋳鉄管 (DIP)", "Ductile iron (DIP)"],
  SP: ["鋼管 (SP)", "Steel (SP)"],
  HPPE: ["配水用ポリエチレン管 (HPPE)", "Polyethylene (HPPE)"],
  VP: ["硬質塩化ビニル管 (VP)", "PVC (VP)"],
  SUS: ["ステンレス鋼管 (SUS)", "Stainless steel (SUS)"],
};

export type TextKey = keyof typeof TEXTS;

const STORAGE_KEY = "twin-pipeline-language";

/** The language of the page; follow it to write texts anew. */
export const language = new Signal<Language>(initialLanguage());

language.follow((value) => {
  try {
    localStorage.setItem(STORAGE_KEY, value);
  } catch {
    // A browser without storage asks its own language again next time.
  }
});

/** The text in the language of the page. */
export function text(key: TextKey): string {
  return chosen(TEXTS[key]);
}

/** The text for a code from data; the code itself where it is not one of ours. */
export function codeText(code: string | null): string {
  if (code === null) return "—";
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  return known === undefined ? code : chosen(known);
}

function chosen([ja, en]: readonly [ja: string, en: string]): string {
  return language.value === "ja" ? ja : en;
}

function initialLanguage(): Language {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(STORAGE_KEY);
  } catch {
    // As above.
  }
  if (stored === "ja" || stored === "en") return stored;
  return navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en";
}
