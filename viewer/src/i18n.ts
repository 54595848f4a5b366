import { Signal } from "./signal";

export type Language = "ja" | "en";

const TEXTS = {
  title: ["管路ビューア", "Pipe viewer"],
  language: ["English", "日本語"],
  languageHint: ["Switch to English", "日本語に切り替える"],
  scene: [
    "3D 表示：矢印キーで回転、Shift と矢印キーで移動、+ と − で拡大縮小",
    "3D view: arrow keys turn it, with Shift they move it, + and − zoom",
  ],
  menu: ["メニュー", "Menu"],
  home: ["全体表示", "Whole site"],
  close: ["閉じる", "Close"],
  layers: ["レイヤ", "Layers"],
  points: ["点群", "Point cloud"],
  pipes: ["管路", "Pipes"],
  shells: ["位置の不確かさ (95 %)", "Uncertainty (95 %)"],
  stations: ["測点", "Stations"],
  joints: ["継手・曲管", "Joints and bends"],
  ground: ["地表面", "Ground surface"],
  globe: ["周辺の地盤", "Surroundings"],
  opacity: ["不透明度", "opacity"],
  openTrench: ["掘削部を開く", "Open the trench"],
  addLayer: ["レイヤを追加", "Add a layer"],
  address: ["アドレス (URL)", "Address (URL)"],
  kind: ["種類", "Kind"],
  wmsLayers: ["WMS のレイヤ名", "Layers of the WMS"],
  add: ["追加", "Add"],
  file: ["ファイル", "File"],
  folder: ["フォルダ", "Folder"],
  chooseFile: ["ファイルを選ぶ", "Choose a file"],
  chooseFolder: ["フォルダを選ぶ", "Choose a folder"],
  noneFound: ["該当する管路はありません", "No pipe matches"],
  dropHint: [
    "GeoJSON・CZML のファイル、3D Tiles のフォルダ (tileset.json を含むもの)、アドレスは、この画面に落としても追加できます。",
    "GeoJSON and CZML files, folders of 3D Tiles (with a tileset.json) and addresses can also be dropped on this page.",
  ],
  noTileset: ["フォルダに tileset.json がありません", "has no tileset.json"],
  needsFolder: [
    "tileset.json だけではタイルを読めません。フォルダごと落としてください",
    "tileset.json alone has no tiles: drop its whole folder",
  ],
  folderTooLarge: ["フォルダが大きすぎます (2 万ファイルまで)", "has more than 20,000 files"],
  properties: ["属性", "Attributes"],
  noProperties: ["属性はありません", "No attributes"],
  moreProperties: ["件の属性は省略", "more are left out"],
  feature: ["地物", "Feature"],
  fileTooLarge: ["ファイルが大きすぎます (200 MB まで)", "is larger than 200 MB"],
  fileUnknown: ["GeoJSON でも CZML でもありません", "is neither GeoJSON nor CZML"],
  noAddress: ["使えないアドレスです", "is no address that can be used"],
  hostRefused: [
    "このページの配信元が許可していないホストです：",
    "The server of this page does not allow",
  ],
  askHost: [
    "次のホストからの読み込みを許可しますか？",
    "May the page load layers from these hosts?",
  ],
  askHostNote: [
    "ページを開き直します。視点とレイヤはそのまま残り、許可はブラウザを閉じるまで有効です。",
    "The page is loaded anew, with view and layers as they are. It holds until the browser is closed.",
  ],
  allowHost: ["許可して開く", "Allow and open"],
  cancel: ["やめる", "Cancel"],
  droppedLost: [
    "落としたファイルやフォルダを残せません。ページを再読み込みし、もう一度落としてください。",
    "What you dropped can't be kept: reload the page, then drop it again.",
  ],
  wmsLayersMissing: ["WMS のレイヤ名を入力してください", "name the layers of the WMS"],
  raise: ["上へ", "Up"],
  lower: ["下へ", "Down"],
  remove: ["取り除く", "Remove"],
  attribution: ["出典", "Source"],
  licence: ["利用条件", "Licence"],
  play: ["再生", "Play"],
  pause: ["一時停止", "Pause"],
  time: ["時刻", "Time"],
  pointColour: ["点群の色", "Colour of points"],
  rgb: ["実色", "Natural"],
  elevation: ["高さ", "Height"],
  label: ["分類", "Class"],
  intensity: ["反射強度", "Intensity"],
  class: ["LAS分類", "LAS class"],
  distance: ["管との差", "Off the fit"],
  pipeColour: ["管路の色", "Colour of pipes"],
  nominal: ["呼び径", "Nominal size"],
  quality: ["品質", "Quality"],
  undecided: ["判定不能", "undecided"],
  noGround: ["地表なし", "no ground"],
  heightLegend: ["地表からの高さ", "Height above ground"],
  heightOfMiddle: ["点群の中央からの高さ", "Height above the middle of the points"],
  distanceLegend: ["当てはめた管面からの距離", "Distance from the fitted barrel"],
  lasNone: ["未分類", "Unclassified"],
  lasGround: ["地表", "Ground"],
  lasLow: ["低植生", "Low vegetation"],
  lasMedium: ["中植生", "Medium vegetation"],
  lasHigh: ["高植生", "High vegetation"],
  lasBuilding: ["建物", "Building"],
  lasNoise: ["ノイズ", "Noise"],
  lasWater: ["水面", "Water"],
  lasRoad: ["路面", "Road"],
  filters: ["絞り込み", "Filters"],
  resetFilters: ["すべて表示", "Show all"],
  from: ["下限", "from"],
  to: ["上限", "to"],
  cover_min_m: ["最小土被り", "Least cover"],
  outer_diameter_m: ["外径", "Outer diameter"],
  length_m: ["延長", "Length"],
  position_std_v_m: ["鉛直の標準偏差", "Vertical deviation"],
  observed_fraction: ["観測区間の割合", "Observed share"],
  search: ["管路 ID・現場で検索", "Search by pipe or site"],
  morePipes: ["本：検索で絞り込んでください", "more: search for them"],
  labelGround: ["地表", "Ground"],
  labelTrench: ["掘削面", "Trench"],
  labelPipe: ["管", "Pipe"],
  labelOther: ["その他", "Unassigned"],
  pipeList: ["管路一覧", "Pipes"],
  noPipes: ["管路はありません", "No pipes"],
  role: ["区分", "Role"],
  material: ["管種", "Material"],
  outerDiameter: ["外径", "Outer diameter"],
  diameterHere: ["外径（この断面）", "Outer diameter here"],
  diameterWhole: ["管全体", "whole pipe"],
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
  tools: ["ツール", "Tools"],
  profile: ["縦断図", "Profile"],
  section: ["横断図", "Section"],
  measure: ["計測", "Measure"],
  coordinates: ["座標", "Coordinates"],
  swipe: ["比較", "Compare"],
  screenshot: ["画像保存", "Image"],
  share: ["共有", "Share"],
  top: ["真上", "Top"],
  side: ["側面", "Side"],
  below: ["地下", "Below"],
  fly: ["ここへ移動", "Go there"],
  report: ["報告書", "Report"],
  station: ["測点", "Station"],
  chainage: ["追加距離", "Chainage"],
  groundLevel: ["地盤高", "Ground"],
  heights: ["高さの基準", "Heights"],
  northing: ["北方向", "Northing"],
  easting: ["東方向", "Easting"],
  branchPipe: ["分岐管", "Branch pipe"],
  angle: ["曲がり角", "Angle"],
  teeAngle: ["分岐角", "Angle to the branch"],
  catalogueAngle: ["規格の曲がり角", "Standard angle"],
  bendRadius: ["曲率半径", "Bending radius"],
  boundaryOffset: ["官民境界からの離れ", "Offset from boundary"],
  yes: ["観測", "observed"],
  notSeen: ["見えていない区間", "not seen"],
  interpolated: ["推定（見えていない区間）", "interpolated: not seen here"],
  profileHint: [
    "図または管の上にポインタを置くと値が表示されます（矢印キーでも移動）。",
    "Point at the chart or at the pipe for values; arrow keys move, too.",
  ],
  exaggeration: ["縦倍率", "vertical"],
  thickness: ["断面の厚さ", "Thickness of the slice"],
  acrossShort: ["管中心からの離れ (m)", "Off the centre (m)"],
  acrossAxis: ["管中心からの離れ (m、終点方向を見る)", "Off the centre (m, looking ahead)"],
  noSlice: ["断面の点を読み込めません。", "The slice's points can't be loaded."],
  noStations: ["この出力フォルダには測点がありません。", "This output folder has no stations."],
  joint: ["継手", "Joint"],
  bend: ["曲管", "Bend"],
  tee: ["T字管", "Tee"],
  end: ["管端", "End"],
  measureHint: [
    "1 点目をクリックすると土被り、2 点目で距離を計測します。管頂と地表に吸着します。",
    "Click once for the cover there, and again for the distance. Clicks snap to crown and ground.",
  ],
  snapped: ["吸着先", "Snapped to"],
  snapCrown: ["管頂", "crown"],
  snapGround: ["地表面", "ground"],
  snapSurface: ["点群・管の表面", "surface"],
  depthMeasured: ["土被り（地表 → 管頂）", "Cover (ground to crown)"],
  next: ["次に", "Next"],
  secondPoint: ["2 点目をクリック", "click a second point"],
  slopeDistance: ["斜距離", "Distance"],
  horizontalDistance: ["水平距離", "Horizontal"],
  heightDifference: ["高低差", "Height difference"],
  coordinatesHint: [
    "座標を知りたい位置をクリックしてください。",
    "Click where you want coordinates.",
  ],
  system: ["座標系", "System"],
  localPlane: ["現場座標", "local"],
  latitude: ["緯度", "Latitude"],
  longitude: ["経度", "Longitude"],
  ellipsoidalHeight: ["楕円体高", "Ellipsoidal height"],
  elevationName: ["標高", "Elevation"],
  copy: ["コピー", "Copy"],
  copied: ["コピーしました。", "Copied."],
  left: ["左", "Left"],
  right: ["右", "Right"],
  curtain: ["比較の境界", "Divider"],
  swipeNeedsTwo: [
    "比較には点群または 3D Tiles が二つ必要です。",
    "Two point clouds or 3D Tiles layers are needed to compare.",
  ],
  shareNote: [
    "視点・レイヤ・選択を再現するリンクです（落としたファイルは含みません）。",
    "This link restores camera, layers and selection; dropped files are not part of it.",
  ],
  dropHere: ["ここに落とすとレイヤに追加します", "Drop here to add a layer"],
  loading: ["読み込み中…", "Loading…"],
  adding: ["レイヤを読み込み中：", "Loading the layer:"],
  noAnswer: ["応答がありません", "no answer"],
  damaged: ["ファイルが壊れています (JSON として読めません)", "the file is damaged (no JSON)"],
  fileMissing: ["読み込めないファイルがあります：", "Files that could not be loaded:"],
  noWebgl: [
    "3D 表示を開始できません。ブラウザの WebGL 2 を有効にしてください。",
    "The 3D view can't start: enable WebGL 2 in the browser.",
  ],
  notAdded: ["追加できません：", "Not added:"],
  drawing: ["描画できません。", "The scene can't be drawn."],
  noTiles: ["tiles/tileset.json を読み込めません。", "tiles/tileset.json can't be loaded."],
  tilesFailed: ["読み込めないタイルがあります：", "Tiles that could not be loaded:"],
  more: ["ほか", "and more:"],
} as const satisfies Record<string, readonly [ja: string, en: string]>;

/** Codes that the data uses. */
const CODES: Readonly<Record<string, readonly [ja: string, en: string]>> = {
  main: ["本管", "Main"],
  branch: ["分岐管", "Branch"],
  crossing: ["横断管", "Crossing"],
  unknown: ["不明", "Unknown"],
  joint: ["継手", "Joint"],
  bend: ["曲管", "Bend"],
  tee: ["T字管", "Tee"],
  end: ["管端", "End"],
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

/** What elevations are called in their datum. */
export function heightName({ vertical }: { readonly vertical: string | null }): string {
  if (vertical === "jgd2011" || vertical === "jgd2024") return `${text("elevationName")} T.P.`;
  if (vertical === "ap") return `${text("elevationName")} A.P.`;
  return vertical === "ellipsoidal" ? text("ellipsoidalHeight") : text("elevationName");
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
