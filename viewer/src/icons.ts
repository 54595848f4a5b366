import { svg } from "./svg";

/** Outlines on a field of 24 by 24. */
const PATHS = {
  profile: "M3 6h18M3 13c4-2 6 3 10 2s5-2 8-1M3 20h18",
  section: "M12 8a5 5 0 1 1 0 10a5 5 0 1 1 0-10zM3 4h18M12 4v4",
  measure: "M3 17L17 3l4 4L7 21zM7 13l2 2M11 9l2 2M15 5l2 2",
  coordinates: "M12 21c5-6 7-9 7-12a7 7 0 1 0-14 0c0 3 2 6 7 12zM12 7a2 2 0 1 1 0 4a2 2 0 1 1 0-4z",
  swipe: "M12 3v18M8 8l-4 4l4 4M16 8l4 4l-4 4",
  screenshot: "M4 8h4l2-3h4l2 3h4v11H4zM12 10a3 3 0 1 1 0 6a3 3 0 1 1 0-6z",
  share:
    "M6 10a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5zM17 3.500a2.500 2.500 0 1 1 0 5a2.500 2.500 0 1 1 0-5zM17 15.500a2.500 2.500 0 1 1 0 5a2.500 2.500 0 1 1 0-5zM8.300 11.500l6.500-4.200M8.300 13.700l6.500 3.400",
  top: "M12 4v12M7 11l5 5l5-5M4 20h16",
  side: "M4 12h12M11 7l5 5l-5 5M20 4v16",
  below: "M12 20V8M7 13l5-5l5 5M4 4h16",
  home: "M4 11l8-7l8 7M6.500 9v10h11V9M10 19v-5h4v5",
  light:
    "M12 8a4 4 0 1 1 0 8a4 4 0 1 1 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
  dark: "M19 14a8 8 0 1 1-9-9a6.500 6.500 0 0 0 9 9z",
  aim: "M12 3v6M12 15v6M3 12h6M15 12h6",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", width: 20, height: 20, class: "icon", "aria-hidden": "true" },
    svg("path", { d: PATHS[name] }),
  );
}
