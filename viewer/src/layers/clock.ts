import { type CesiumWidget, ClockRange, JulianDate } from "cesium";
import { button } from "../controls";
import { element } from "../dom";
import { language, text } from "../i18n";
import "./clock.css";
import type { AddedLayer } from "./extra";
import type { Extras } from "./extras";

/** The whole time that there is data of plays in this long. */
const PLAYING_S = 30;
const STEPS = 1000;

/** Lets the layers' time run, or be chosen; shown only where a layer changes with time. */
export class LayerClock {
  readonly #widget: CesiumWidget;
  readonly #play = button("▶", () => this.#toggle());
  readonly #slider = element("input", { type: "range", min: "0", max: String(STEPS) });
  readonly #label = element("output");
  readonly #host = element("section", { id: "clock" }, this.#play, this.#slider, this.#label);
  #before: JulianDate | null = null;

  constructor(widget: CesiumWidget, extras: Extras) {
    this.#widget = widget;
    this.#play.className = "icon";
    this.#slider.addEventListener("input", () => this.#choose(Number(this.#slider.value) / STEPS));
    this.#host.hidden = true;
    document.body.append(this.#host);
    const { clock } = widget;
    clock.shouldAnimate = false;
    clock.onTick.addEventListener(() => this.#ticked());
    extras.added.follow((layers) => this.#take(layers));
    language.follow(() => this.#write());
    this.#take(extras.added.value);
  }

  get #span(): number {
    const { startTime, stopTime } = this.#widget.clock;
    return JulianDate.secondsDifference(stopTime, startTime);
  }

  /** Take over the time from the first to the last moment that a layer has data of. */
  #take(layers: readonly AddedLayer[]): void {
    const periods = layers.map(({ period }) => period).filter((period) => period !== null);
    this.#host.hidden = periods.length === 0;
    const { clock } = this.#widget;
    if (periods.length === 0) {
      clock.shouldAnimate = false;
      return;
    }
    const [start, stop] = [
      periods.map((period) => period.start).reduce((a, b) => (JulianDate.lessThan(b, a) ? b : a)),
      periods.map((period) => period.stop).reduce((a, b) => (JulianDate.lessThan(a, b) ? b : a)),
    ];
    const now = clock.currentTime;
    const within =
      JulianDate.lessThanOrEquals(start, now) && JulianDate.lessThanOrEquals(now, stop);
    clock.startTime = start.clone();
    clock.stopTime = stop.clone();
    clock.clockRange = ClockRange.LOOP_STOP;
    clock.currentTime = within ? now.clone() : start.clone();
    clock.multiplier = Math.max(this.#span / PLAYING_S, 1e-3);
    clock.canAnimate = true;
    this.#write();
  }

  #toggle(): void {
    const { clock } = this.#widget;
    clock.shouldAnimate = !clock.shouldAnimate;
    this.#write();
  }

  #choose(share: number): void {
    const { clock } = this.#widget;
    clock.shouldAnimate = false;
    clock.currentTime = JulianDate.addSeconds(
      clock.startTime,
      share * this.#span,
      new JulianDate(),
    );
    this.#write();
  }

  #ticked(): void {
    const { clock, scene } = this.#widget;
    if (this.#host.hidden || this.#before?.equals(clock.currentTime)) return;
    this.#before = clock.currentTime.clone();
    scene.requestRender();
    this.#write();
  }

  #write(): void {
    const { clock } = this.#widget;
    const playing = clock.shouldAnimate;
    this.#play.textContent = playing ? "❚❚" : "▶";
    this.#play.setAttribute("aria-label", text(playing ? "pause" : "play"));
    this.#slider.setAttribute("aria-label", text("time"));
    const passed = JulianDate.secondsDifference(clock.currentTime, clock.startTime);
    this.#slider.value = String(Math.round((STEPS * passed) / Math.max(this.#span, 1e-9)));
    const shown = timeText(clock.currentTime);
    this.#slider.setAttribute("aria-valuetext", shown);
    this.#label.textContent = shown;
  }
}

/** A moment as clocks in Japan show it. */
function timeText(time: JulianDate): string {
  const format = new Intl.DateTimeFormat(language.value === "ja" ? "ja-JP" : "en-GB", {
    timeZone: "Asia/Tokyo",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return `${format.format(JulianDate.toDate(time))} JST`;
}
