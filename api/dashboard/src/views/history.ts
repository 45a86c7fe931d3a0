/** Since when, compared to what: the index over time with named episodes, range presets and a brush. */

import uPlot from "uplot";
import { attribute, h, text } from "../dom";
import { episodes as bands, fit, moveCursor, options, wheel, type TimeEvents } from "./timechart";
import { card } from "./card";
import { formName } from "./now";
import { Brush } from "./brush";
import { regimeBands } from "./regimes";
import { takeaways } from "../export";
import { between, fixed, moment } from "../format";
import { LEVELS, quantiles } from "../past";
import { nearest, offered, type Preset } from "../range";
import { paths } from "../rest";
import { dataSpan, emptyWords, shown, stepMs, type State, type View } from "../store";
import { colour, onTheme } from "../theme";
import { periodWord } from "../words";

const STRESS = [0, 1, 2, 3, 4];
const DAY = 86_400_000;

export interface HistoryActions extends TimeEvents {
  preset(preset: Preset): void;
  form(form: string | null): void;
}

export class History implements View {
  readonly element: HTMLElement;
  private readonly place = h("div", { class: "chart", tabindex: 0, role: "img", "aria-label": "The index over time; arrows move the crosshair" });
  private readonly presets = h("div", { class: "presets", role: "group", "aria-label": "Range" });
  private readonly form = h("select", { "aria-label": "Aggregation form" });
  private readonly readout = h("p", { class: "readout", id: "readout" });
  private readonly card;
  private readonly brush: Brush;
  readonly plot: uPlot;
  private state: State | null = null;
  private market: string | null = null;
  private drawn = "";
  private cuts: number[] = [];
  private cutsAt = -1;

  constructor(private readonly actions: HistoryActions) {
    this.card = card("history", "Since when, compared to what?", this.readout, this.place);
    this.element = this.card.element;
    this.card.tools.append(this.form, this.presets);
    this.form.addEventListener("change", () => actions.form(this.form.value === this.state?.market?.form ? null : this.form.value));
    this.plot = new uPlot(this.settings(), [[], []], this.place);
    wheel(this.plot, actions);
    fit(this.plot, this.place, () => (innerWidth < 600 ? 220 : 280));
    onTheme(() => this.plot.redraw(false));
    this.brush = new Brush((span) => actions.range(span));
    this.card.body.append(this.brush.element, takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-history`,
      title: () => `${this.state?.market?.title ?? ""}: the index over time`,
      paint: () => this.plot.ctx.canvas,
      table: () => this.table(),
      path: () => paths.finals(this.state?.address.market ?? ""),
    }));
  }

  private settings(): uPlot.Options {
    const line: uPlot.Series = {
      stroke: () => colour("--ink"), width: 1.25, points: { show: false },
      fill: (u) => this.gradient(u),
    };
    return options(this.actions, 280, [line], (_u, low, high) => this.range(low, high), {
      drawClear: [(u) => this.regimes(u), (u) => this.state?.market?.synthetic !== true && bands(u)],
      draw: [(u) => this.regimes(u, true), (u) => this.newest(u)],
    });
  }

  /** Behind everything: where the market was tense or in stress. */
  private regimes(u: uPlot, foot = false): void {
    const columns = this.state?.series.columns();
    if (columns !== undefined) regimeBands(u, columns.seconds, columns.regime, foot);
  }

  /** Short spans show the movement; long ones begin at zero, so that heights compare. */
  private range(low: number | null, high: number | null): [number, number] {
    if (low === null || high === null) return [0, 100];
    const span = this.state === null ? null : shown(this.state);
    if (span !== null && span.to - span.from > 45 * DAY) return [0, Math.min(100, Math.max(20, high * 1.08))];
    const room = Math.max(1, (4 - (high - low)) / 2, (high - low) * 0.1);
    return [Math.max(0, low - room), Math.min(100, high + room)];
  }

  private gradient(u: uPlot): CanvasGradient | string {
    const { height, top } = u.bbox;
    if (!Number.isFinite(top + height) || height <= 0) return "transparent";
    const gradient = u.ctx.createLinearGradient(0, top + height, 0, top);
    const scale = u.scales["y"];
    const low = scale?.min ?? 0;
    const high = scale?.max ?? 100;
    const edges = [0, ...this.cuts];
    STRESS.forEach((i) => {
      const at = ((edges[i] ?? i * 20) - low) / (high - low);
      if (Number.isFinite(at)) gradient.addColorStop(Math.max(0, Math.min(1, at)), colour(`--stress-${i}`, 0.75));
    });
    return gradient;
  }

  /** The newest point: solid when final, open when provisional. */
  private newest(u: uPlot): void {
    const last = u.data[0].length - 1;
    const x = u.data[0][last];
    const y = u.data[1]?.[last];
    const max = u.scales["x"]?.max ?? 0;
    if (x === undefined || y === null || y === undefined || x > (max ?? 0)) return;
    const { ctx } = u;
    ctx.save();
    ctx.beginPath();
    ctx.arc(u.valToPos(x, "x", true), u.valToPos(y, "y", true), 4 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fillStyle = this.state?.reading?.final === false ? colour("--surface") : colour("--ink");
    ctx.strokeStyle = colour("--ink");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.fill();
    ctx.stroke();
    ctx.restore();
  }

  update(state: State): void {
    // The crosshair of another market's past means nothing here.
    if (this.market !== null && this.market !== state.address.market) moveCursor(this.plot, null);
    this.market = state.address.market;
    this.state = state;
    attribute(this.element, "aria-busy", state.loading ? "true" : null);
    const span = shown(state);
    const form = state.address.form ?? "";
    const key = `${state.series.revision} ${span?.from} ${span?.to} ${form} ${state.address.market}`;
    if (key !== this.drawn) {
      this.drawn = key;
      this.draw(state);
      this.controls(state);
    }
    this.read(state);
    attribute(this.place, "data-empty", emptyWords(state));
    this.brush.update(state);
  }

  private draw(state: State): void {
    const columns = state.series.columns();
    if (this.cutsAt !== state.series.finalCount) {
      this.cuts = quantiles(state.series.pastFinals().values, LEVELS);
      this.cutsAt = state.series.finalCount;
    }
    const values = state.address.form === null ? columns.index : columns.forms[state.address.form] ?? columns.index;
    const span = shown(state);
    this.plot.setData([columns.seconds, values] as uPlot.AlignedData, false);
    if (span !== null) this.plot.setScale("x", { min: span.from / 1000, max: span.to / 1000 });
    else this.plot.redraw();
  }

  private controls(state: State): void {
    const data = dataSpan(state);
    const few = data === null || data.from === data.to;
    const names = few ? [] : offered(data, stepMs(state));
    const current = "preset" in state.address.range ? state.address.range.preset : null;
    const key = `${names.join()}|${current}`;
    if (this.presets.dataset["key"] !== key) {
      this.presets.dataset["key"] = key;
      this.presets.replaceChildren(...names.map((name) => h("button", {
        type: "button", "aria-pressed": String(name === current), onclick: () => this.actions.preset(name),
      }, name === "all" ? "All" : name)));
    }
    this.forms(state);
    const span = shown(state);
    const words = few || span === null ? "" : `One value per ${state.market === null ? "period" : periodWord(state.market)}, ${between(span.from, span.to)}.`;
    const tinted = state.reading?.regime === undefined ? "" : " Tinted where the regime was tense or stress.";
    const more = few ? "" : (state.market?.synthetic === true ? "" : " Brackets are known episodes of stress.") + tinted;
    text(this.card.lead, state.series.length === 0 && !state.loading ? "No history yet." : words + more);
  }

  private forms(state: State): void {
    const names = Object.keys(state.series.columns().forms);
    const headline = state.market?.form ?? "";
    const key = names.join();
    if (this.form.dataset["key"] !== key) {
      this.form.dataset["key"] = key;
      this.form.replaceChildren(...names.map((n) => h("option", { value: n }, `${formName(n)}${n === headline ? " (headline)" : ""}`)));
    }
    this.form.hidden = names.length < 2;
    this.form.value = state.address.form ?? headline;
  }

  private read(state: State): void {
    const columns = state.series.columns();
    const at = state.address.cursor;
    const i = at === null ? columns.seconds.length - 1 : nearest(columns.seconds, at / 1000);
    const seconds = columns.seconds[i];
    if (seconds === undefined) return void text(this.readout, "");
    const values = state.address.form === null ? columns.index : columns.forms[state.address.form];
    const percentile = columns.percentile[i];
    const place = percentile === null || percentile === undefined ? "" : `, higher than ${percentile.toFixed(0)} % of the past until then`;
    const quick = (stepMs(state) ?? DAY) < 60_000;
    const regime = columns.regime[i] ?? "unknown";
    const mark = `${regime === "unknown" ? "" : `, regime ${regime}`}${columns.final[i] === true ? "" : " (provisional)"}`;
    text(this.readout, `${moment(seconds * 1000, quick)}: ${fixed(values?.[i])}${place}${mark}`);
  }

  private table(): { header: string[]; rows: (string | number | boolean | null)[][] } {
    const columns = this.state?.series.columns();
    const span = this.state === null ? null : shown(this.state);
    if (columns === undefined || span === null) return { header: [], rows: [] };
    const forms = Object.keys(columns.forms);
    const rows = columns.seconds.flatMap((seconds, i) => (seconds * 1000 < span.from || seconds * 1000 > span.to ? [] : [[
      new Date(seconds * 1000).toISOString(), columns.final[i] ?? false, columns.index[i] ?? null, columns.percentile[i] ?? null,
      ...forms.map((n) => columns.forms[n]?.[i] ?? null),
    ]]));
    return { header: ["at", "final", "index", "percentile", ...forms], rows };
  }

  /** Moves the crosshair by points of the series. */
  step(by: number): void {
    const state = this.state;
    if (state === null) return;
    const { seconds } = state.series.columns();
    const now = state.address.cursor === null ? seconds.length - (by < 0 ? 0 : 1) : nearest(seconds, state.address.cursor / 1000);
    const next = seconds[Math.max(0, Math.min(seconds.length - 1, now + by))];
    if (next !== undefined) moveCursor(this.plot, next * 1000);
  }
}
