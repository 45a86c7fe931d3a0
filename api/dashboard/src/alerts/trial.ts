/** What a rule would have said over the past: a sentence, the index with every alert marked, and the dates. */

import uPlot from "uplot";
import { h } from "../dom";
import { day, fixed, tick } from "../format";
import type { Columns } from "../series";
import { colour, onTheme } from "../theme";
import { lasted } from "./words";
import type { Backtest } from "./wire";

const SHOWN = 200;
const FONT = "12px system-ui, sans-serif";

type Spans = readonly { from: number; to: number }[];

/** Where alerts stood, in seconds; one that lasts ends where the chart does. */
export function spans(found: Backtest, end: number): Spans {
  return found.episodes.map((one) => ({ from: Date.parse(one.began) / 1000, to: one.ended === null ? end : Date.parse(one.ended) / 1000 }));
}

export class Trial {
  private readonly said = h("p", { class: "said", role: "status" });
  private readonly chart = h("div", { class: "chart trial-chart", role: "img", "aria-label": "The index, and when the rule would have given an alert; the list below says the same" });
  private readonly dates = h("ol", { class: "dates", tabindex: 0, "aria-label": "Alerts that it would have given" });
  private plot: uPlot | null = null;
  private marks: Spans = [];
  readonly element = h("div", { class: "trial", hidden: true }, this.said, this.chart, this.dates);

  constructor() {
    onTheme(() => this.plot?.redraw());
    new ResizeObserver(() => this.plot?.setSize({ width: this.chart.clientWidth, height: 200 })).observe(this.chart);
  }

  show(found: Backtest, past: Columns): void {
    this.element.hidden = false;
    const sentence = found.summary.charAt(0).toUpperCase() + found.summary.slice(1);
    this.said.textContent = `${sentence.split(":")[0] ?? sentence}. ${found.readings.toLocaleString("en")} finals were looked at${found.cut ? "; there are more" : ""}.`;
    this.marks = spans(found, past.seconds.at(-1) ?? 0);
    this.draw(past, found);
    const newest = found.episodes.slice(-SHOWN).reverse();
    this.dates.replaceChildren(...newest.map((one) => h("li", {},
      h("time", { datetime: one.began, title: one.began }, day(Date.parse(one.began))),
      h("span", { class: "quiet" }, `${one.value === null ? "" : `at ${fixed(one.value, Math.abs(one.value) < 1 ? 4 : 1)}, `}${one.ended === null ? "it lasts" : `for ${lasted({ began_at: one.began, ended_at: one.ended } as never, 0)}`}`))));
    this.dates.hidden = newest.length === 0;
  }

  hide(): void {
    this.element.hidden = true;
  }

  private draw(past: Columns, found: Backtest): void {
    const begin = found.first === null ? 0 : Date.parse(found.first) / 1000;
    const kept = past.seconds.map((at, i) => ({ at, value: past.index[i] ?? null, final: past.final[i] === true })).filter((p) => p.final && p.at >= begin);
    this.chart.hidden = kept.length < 2;
    if (this.chart.hidden) return;
    const data = [kept.map((p) => p.at), kept.map((p) => p.value)] as uPlot.AlignedData;
    this.plot ??= new uPlot(this.options(), data, this.chart);
    this.plot.setData(data);
    this.plot.setSize({ width: this.chart.clientWidth, height: 200 });
  }

  private options(): uPlot.Options {
    const line = { stroke: () => colour("--line"), width: 1, size: 4 };
    const axis = { stroke: () => colour("--ink-2"), font: FONT, grid: line, ticks: line };
    return {
      width: 600, height: 200, legend: { show: false }, padding: [8, 16, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { y: { range: (_u, _low, high) => [0, Math.max(20, (high ?? 100) * 1.1)] } },
      axes: [{ ...axis, space: 64, size: 28, grid: { show: false }, values: (_u, at, _a, _s, step) => at.map((t) => tick(t, step)) }, { ...axis, size: 40 }],
      series: [{}, { stroke: () => colour("--ink-2"), width: 1, points: { show: false } }],
      cursor: { show: false },
      hooks: { drawClear: [(u) => this.mark(u)] },
    };
  }

  /** Each alert as a band with a foot, so that one of a day is seen over thirty years. */
  private mark(u: uPlot): void {
    const { ctx, bbox } = u;
    ctx.save();
    for (const { from, to } of this.marks) {
      const left = u.valToPos(from, "x", true);
      const width = Math.max(2 * devicePixelRatio, u.valToPos(to, "x", true) - left);
      ctx.fillStyle = colour("--stress-3", 0.25);
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.fillStyle = colour("--stress-3");
      ctx.fillRect(left, bbox.top + bbox.height - 6 * devicePixelRatio, width, 6 * devicePixelRatio);
    }
    ctx.restore();
  }
}
