/** Contributions by segment over time: stacked, summing to the index, under the same crosshair as the history. */

import uPlot from "uplot";
import { attribute, h, text } from "../dom";
import { area } from "./area";
import { card } from "./card";
import { fit, options, wheel, type TimeEvents } from "./timechart";
import { takeaways } from "../export";
import { fixed, title } from "../format";
import { term } from "../glossary";
import { nearest } from "../range";
import { paths } from "../rest";
import { stack, type Stack } from "../stack";
import { emptyWords, segments, shown, type State, type View } from "../store";
import { colour, onTheme, segmentTokens } from "../theme";

export class Contributions implements View {
  readonly element: HTMLElement;
  private readonly place = h("div", { class: "chart", role: "img", "aria-label": "Contributions by segment over time" });
  private readonly legend = h("dl", { class: "legend" });
  private readonly card;
  private plot: uPlot | null = null;
  private names: string[] = [];
  private tokens = new Map<string, string>();
  private edges: Stack = { low: [], high: [], min: 0, max: 0 };
  private state: State | null = null;
  private drawn = "";

  constructor(private readonly events: TimeEvents) {
    this.card = card("contributions", "What is it made of?", this.legend, this.place);
    this.card.lead.append(term("Contributions", "contribution"), " by ", term("segment"), ", in points; together they are the index.");
    this.element = this.card.element;
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-contributions`,
      title: () => `${this.state?.market?.title ?? ""}: contributions by segment`,
      paint: () => this.plot?.ctx.canvas ?? null,
      table: () => this.table(),
      path: () => paths.contributions(this.state?.address.market ?? ""),
      legend: () => this.names.map((n) => ({ name: title(n), token: this.tokens.get(n) ?? "--ink-3" })),
    }));
    onTheme(() => this.plot?.redraw(false));
  }

  update(state: State): void {
    this.state = state;
    attribute(this.element, "aria-busy", state.loading ? "true" : null);
    const names = segments(state);
    if (names.join() !== this.names.join() || this.plot === null) this.build(names);
    const span = shown(state);
    const key = `${state.series.revision} ${span?.from} ${span?.to} ${state.address.market}`;
    if (key !== this.drawn) {
      this.drawn = key;
      this.draw(state);
    }
    attribute(this.place, "data-empty", emptyWords(state));
    this.read(state);
  }

  private build(names: string[]): void {
    this.names = names;
    this.drawn = "";
    this.tokens = segmentTokens(names);
    this.plot?.destroy();
    const series = names.map((name, i): uPlot.Series => ({
      points: { show: false },
      stroke: () => colour(this.tokens.get(name) ?? "--ink-3"),
      fill: () => colour(this.tokens.get(name) ?? "--ink-3", 0.82),
      width: 0.5,
      paths: (u, _s, from, to) => ({ stroke: null, fill: area(u, this.edges, i, from, to) }) as unknown as uPlot.Series.Paths,
    }));
    const settings = options(this.events, 220, series, () => [this.edges.min * 1.08, Math.max(10, this.edges.max * 1.08)], {});
    settings.cursor = { ...settings.cursor, points: { show: false } };
    this.plot = new uPlot(settings, [[], ...names.map(() => [])], this.place);
    wheel(this.plot, this.events);
    fit(this.plot, this.place, () => (innerWidth < 600 ? 180 : 220));
    this.legend.replaceChildren(...names.map((name) => {
      const key = h("i", { class: "key" });
      key.style.background = `var(${this.tokens.get(name) ?? "--ink-3"})`;
      return h("div", {}, h("dt", {}, key, title(name)), h("dd", { "data-name": name }, "–"));
    }));
  }

  private draw(state: State): void {
    const columns = state.series.columns();
    const parts = this.names.map((n) => columns.contributions[n] ?? []);
    this.edges = stack(parts, columns.seconds.length);
    const span = shown(state);
    this.within(columns.seconds, span);
    this.plot?.setData([columns.seconds, ...this.edges.high] as uPlot.AlignedData, false);
    if (span !== null) this.plot?.setScale("x", { min: span.from / 1000, max: span.to / 1000 });
    else this.plot?.redraw();
  }

  /** The y scale fits what is in sight. */
  private within(seconds: number[], span: { from: number; to: number } | null): void {
    if (span === null || seconds.length === 0) return;
    const from = nearest(seconds, span.from / 1000);
    const to = nearest(seconds, span.to / 1000);
    let [min, max] = [0, 0];
    for (let i = from; i <= to; i++) {
      for (const edge of this.edges.high) max = Math.max(max, edge[i] ?? 0);
      for (const edge of this.edges.low) min = Math.min(min, edge[i] ?? 0);
    }
    this.edges = { ...this.edges, min, max };
  }

  private read(state: State): void {
    const columns = state.series.columns();
    const at = state.address.cursor;
    const i = at === null ? columns.seconds.length - 1 : nearest(columns.seconds, at / 1000);
    for (const cell of this.legend.querySelectorAll("dd")) {
      text(cell, fixed(columns.contributions[cell.dataset["name"] ?? ""]?.[i] ?? null));
    }
  }

  private table(): { header: string[]; rows: (string | number | boolean | null)[][] } {
    const columns = this.state?.series.columns();
    const span = this.state === null ? null : shown(this.state);
    if (columns === undefined || span === null) return { header: [], rows: [] };
    const rows = columns.seconds.flatMap((s, i) => (s * 1000 < span.from || s * 1000 > span.to ? [] : [[
      new Date(s * 1000).toISOString(), columns.final[i] ?? false, ...this.names.map((n) => columns.contributions[n]?.[i] ?? null), columns.index[i] ?? null,
    ]]));
    return { header: ["at", "final", ...this.names, "index"], rows };
  }
}
