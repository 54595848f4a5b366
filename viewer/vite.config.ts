import { cpSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const cesium = fileURLToPath(new URL("./node_modules/cesium/Build/Cesium", import.meta.url));
const output = fileURLToPath(new URL("../twin_pipeline/viewer_static", import.meta.url));

// Positions of the earth's axis in steps of 1000 days; 18 begins in 2024, and CesiumJS asks only
// for the present.
const FIRST_AXIS_FILE = 18;

function axisFiles(): string[] {
  const folder = "Assets/IAU2006_XYS";
  return readdirSync(`${cesium}/${folder}`)
    .filter((name) => Number(/_(\d+)\.json$/.exec(name)?.[1]) >= FIRST_AXIS_FILE)
    .map((name) => `${folder}/${name}`);
}

// What CesiumJS loads at run time by name. Imagery, stars and decoders of formats that are never
// served here stay out.
function copyCesium(): Plugin {
  const kept = [
    "Workers",
    "ThirdParty/basis_transcoder.wasm",
    "ThirdParty/draco_decoder.wasm",
    "Assets/Images/ion-credit.png",
    "Assets/approximateTerrainHeights.json",
  ];
  return {
    name: "copy-cesium",
    apply: "build",
    closeBundle() {
      for (const path of [...kept, ...axisFiles()]) {
        cpSync(`${cesium}/${path}`, `${output}/cesium/${path}`, { recursive: true });
      }
      cpSync(
        fileURLToPath(new URL("./node_modules/cesium/LICENSE.md", import.meta.url)),
        `${output}/cesium/LICENSE.md`,
      );
    },
  };
}

// CesiumJS prepares a table for mirroring surfaces with 1024 samples a pixel before it draws the
// first model: four seconds on a CPU, for pipes that mirror nothing.
function fewerSamples(): Plugin {
  let changed = false;
  return {
    name: "fewer-samples",
    apply: "build",
    transform(code, id) {
      if (!id.endsWith("/BrdfLutGeneratorFS.js")) return null;
      changed = code.includes("NumSamples = 1024");
      return code.replace("NumSamples = 1024", "NumSamples = 32");
    },
    buildEnd() {
      if (!changed) this.error("CesiumJS has changed BrdfLutGeneratorFS.js: see fewerSamples");
    },
  };
}

// Where CesiumJS writes styles into the page, which a strict policy forbids; a script may set them.
const WRITTEN_STYLES: readonly (readonly [file: string, written: RegExp, set: string])[] = [
  [
    "/CreditDisplay.js",
    /const styleElem = document\.createElement\("style"\);[^}]*?appendChild\(styleElem\);/,
    "const sheet = new CSSStyleSheet(); sheet.replaceSync(style); document.adoptedStyleSheets.push(sheet);",
  ],
  [
    "/FeatureDetection.js",
    /canvas\.setAttribute\(\s*"style",\s*([^)]+?),?\s*\)/,
    "canvas.style.cssText = $1",
  ],
];

function stylesSetByScript(): Plugin {
  const changed = new Set<string>();
  return {
    name: "styles-set-by-script",
    apply: "build",
    transform(code, id) {
      const found = WRITTEN_STYLES.find(([file]) => id.endsWith(file));
      if (found === undefined) return null;
      const [file, written, set] = found;
      if (written.test(code)) changed.add(file);
      return code.replace(written, set);
    },
    buildEnd() {
      for (const [file] of WRITTEN_STYLES) {
        if (!changed.has(file)) this.error(`CesiumJS has changed ${file}: see WRITTEN_STYLES`);
      }
    },
  };
}

export default defineConfig(({ command }) => ({
  // Relative, so that the built viewer works in any folder of any server.
  base: "./",
  define: {
    CESIUM_BASE_URL: JSON.stringify(
      command === "build" ? "cesium/" : "/node_modules/cesium/Build/Cesium/",
    ),
  },
  build: {
    outDir: output,
    emptyOutDir: true,
    target: "es2022",
    // CesiumJS is one piece of this size.
    chunkSizeWarningLimit: 6000,
  },
  // `npm run dev` shows the data of a running `twin-pipeline view OUT`.
  server: {
    host: "127.0.0.1",
    proxy: {
      "/data": {
        target: process.env.TWIN_PIPELINE_URL ?? "http://127.0.0.1:8080",
        changeOrigin: true,
      },
    },
  },
  plugins: [copyCesium(), fewerSamples(), stylesSetByScript()],
}));
