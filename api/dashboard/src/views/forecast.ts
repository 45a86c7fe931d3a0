/** What comes next: the interval of the forecast, as a fan, behind past forecasts and what came of them. */

import uPlot from "uplot";
import { attribute, h, text } from "../dom";
import { takeaways } from "../export";
import { fixed, moment } from "../format";
import { term } from "../glossary";
import { nearest, type Span } from "../range";
import { paths } from "../rest";
import { held, judge, type Judged } from "../scores/judged";
import { swaps, type Mark } from "../scores/marks";
import { LEVELS } from "../scores/wire";
import { nextWords, recordWords, targetOf } from "../scores/words";
import { emptyWords, horizon, shown, type State, type View } from "../store";
import { colour, onTheme } from "../theme";
import { periodWord } from "../words";
import { card } from "./card";
import { fanOf, wedge } from "./fan";
import { drawMarks, follower } from "./marking";
import { fit, options, wheel, type TimeEvents } from "./timechart";

/** Forecasts that can be told apart on a chart; of a longer range the newest FEWER are shown. */
const MOST = 260;
const FEWER = 90;

export class ForecastView implements View {
  readonly element: HTMLElement;
  private readonly place = h("div", { class: "chart", role: "img", "aria-label": "Past forecasts, what came, and the forecast of now" });
  private readonly readout = h("p", { class: "readout", id: "forecast-readout" });
  private readonly sentence = h("span", { id: "forecast-next" });
  private readonly record = h("span", {});
  private readonly levels = h("dl", { class: "legend quantiles" });
  private readonly card;
  private readonly plot: uPlot;
  private judged: Judged = { seconds: [], said: [], came: [], levels: [] };
  private marks: Mark[] = [];
  private judgedOf = "";
  private drawn = "";
  private state: State | null = null;
  private rows: [number, number] = [0, 0];
  private fewer = false;

  constructor(events: TimeEvents) {
    this.card = card("forecast", "What comes next?", this.levels, this.readout, this.place);
    this.element = this.card.element;
    this.card.lead.append(term("Forecast"), ": ", this.sentence, this.record);
    this.levels.append(...LEVELS.map((level) => h("div", {}, h("dt", {}, `${level * 100} %`), h("dd", { "data-level": String(level) }, "–"))));
    const hooks = { drawClear: [(u: uPlot) => drawMarks(u, this.marks)], draw: [(u: uPlot) => fanOf(u, this.judged, this.rows)] };
    const settings = options(events, 260, series(), (_u, low, high) => padded(low, high), hooks);
    settings.bands = [[5, 1, 0.14], [4, 2, 0.24], [10, 6, 0.22], [9, 7, 0.36]].map(([upper = 0, lower = 0, alpha = 0]): uPlot.Band => ({ series: [upper, lower], fill: () => colour("--forecast", alpha) }));
    settings.padding = [16, 44, 0, 0];
    this.plot = new uPlot(follower(settings), [[], ...Array.from({ length: 11 }, () => [])] as uPlot.AlignedData, this.place);
    wheel(this.plot, events);
    fit(this.plot, this.place, () => (innerWidth < 600 ? 220 : 260));
    onTheme(() => this.plot.redraw(false));
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-forecast`,
      title: () => `${this.state?.market?.title ?? ""}: forecasts and what came`,
      paint: () => this.plot.ctx.canvas,
      table: () => this.table(),
      path: () => paths.forecast(this.state?.address.market ?? ""),
      legend: () => [{ name: "said, 5 to 95 % and 25 to 75 %", token: "--forecast" }, { name: "came", token: "--ink" }],
    }));
  }

  update(state: State): void {
    this.state = state;
    this.element.hidden = state.reading !== null && state.reading.forecast === undefined;
    attribute(this.element, "aria-busy", state.loading ? "true" : null);
    if (state.reading === null) attribute(this.place, "data-empty", emptyWords(state));
    if (this.element.hidden || state.reading === null || state.market === null) return;
    this.judge(state);
    const span = shown(state);
    const key = `${this.judgedOf} ${span?.from} ${span?.to} ${state.reading.at} ${state.reading.final}`;
    if (key !== this.drawn && span !== null) {
      this.drawn = key;
      this.draw(state, span);
    }
    this.words(state);
    this.read(state);
  }

  private words(state: State): void {
    const { reading, market, details } = state;
    if (reading === null || market === null) return;
    const sentence = nextWords(reading, market, horizon(state));
    text(this.sentence, sentence.charAt(0).toLowerCase() + sentence.slice(1));
    const record = recordWords(details?.forecast?.at(-1));
    const few = this.fewer ? ` The newest ${FEWER} of the range are shown; a shorter range above shows others.` : "";
    text(this.record, `${record === "" ? "." : `. ${record}.`}${few}`);
    this.levels.querySelectorAll("dd").forEach((cell, i) => text(cell, fixed(reading.forecast?.[i], 2)));
  }

  /** Once for each final: the past is long. */
  private judge(state: State): void {
    const key = `${state.address.market} ${state.series.finalCount} ${state.series.firstFinal} ${horizon(state)}`;
    if (key === this.judgedOf) return;
    this.judgedOf = key;
    const columns = state.series.columns();
    this.judged = judge(columns, horizon(state));
    this.marks = swaps(columns);
  }

  /** Forecasts of the range above, or the newest of it where they are too many to be told apart. */
  private within(span: Span): [number, number] {
    const { seconds } = this.judged;
    const after = (ms: number): number => seconds.findIndex((at) => at * 1000 > ms);
    const [from, to] = [after(span.from - 1), after(span.to)].map((i) => (i < 0 ? seconds.length : i)) as [number, number];
    this.fewer = to - from > MOST;
    return this.fewer ? [to - FEWER, to] : [Math.min(from, to), to];
  }

  private draw(state: State, span: Span): void {
    const { reading, market } = state;
    if (reading === null || market === null) return;
    const [from, to] = (this.rows = this.within(span));
    const isNewest = to === this.judged.seconds.length;
    const target = targetOf(reading, market, horizon(state)) / 1000;
    const ahead = isNewest ? wedge(Date.parse(reading.at) / 1000, target, reading.index, reading.forecast ?? null) : null;
    const data = columnsOf(this.judged, from, to, ahead);
    this.plot.setData(data as uPlot.AlignedData, false);
    const times = data[0] as number[];
    const first = times[0];
    const last = times.at(-1);
    if (first !== undefined && last !== undefined) this.plot.setScale("x", { min: first, max: Math.max(last, first + 1) });
    else this.plot.redraw();
  }

  private read(state: State): void {
    const { seconds, came, levels, said } = this.judged;
    const [from, to] = this.rows;
    const at = state.address.cursor;
    const market = state.market;
    const none = market === null || to <= from;
    attribute(this.place, "data-empty", none && this.plot.data[0].length < 2 ? "Nothing yet: a forecast needs a past, and its judgement what came." : null);
    if (none) return void text(this.readout, "No forecast has been judged yet: its outcome comes later.");
    const outside = at === null || at / 1000 < (seconds[from] as number) || at / 1000 > (seconds[to - 1] as number);
    const i = outside ? to - 1 : nearest(seconds, at / 1000);
    const of = `${moment((seconds[i] as number) * 1000)}: ${fixed(came[i], 2)} came`;
    const verdict = held(this.judged, i, 0, 4) ? "within" : "outside";
    const when = typeof market.period === "number" ? ` at ${moment((said[i] as number) * 1000)}` : " the final before";
    text(this.readout, `${of}, ${verdict} the ${fixed(levels[0]?.[i], 2)} to ${fixed(levels[4]?.[i], 2)} said${horizon(state) === 1 ? when : ` ${horizon(state)} ${periodWord(market)}s before`}.`);
  }

  private table(): { header: string[]; rows: (string | number | boolean | null)[][] } {
    const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
    const [from, to] = this.rows;
    const rows = this.judged.seconds.slice(from, to).map((at, n) => {
      const i = from + n;
      return [iso(at), iso(this.judged.said[i] as number), ...this.judged.levels.map((level) => level[i] ?? null), this.judged.came[i] ?? null, held(this.judged, i, 0, 4)];
    });
    return { header: ["at", "said_at", ...LEVELS.map((level) => `q${level}`), "index", "within_90"], rows };
  }
}

function series(): uPlot.Series[] {
  const quantile = (alpha: number, dash: number[] = []): uPlot.Series => ({ stroke: () => colour("--forecast", alpha), width: 1, dash, points: { show: false } });
  const five = [quantile(0.25), quantile(0), quantile(0.9, [3, 3]), quantile(0), quantile(0.25)];
  return [...five, ...[quantile(0.6), quantile(0), quantile(1), quantile(0), quantile(0.6)], { stroke: () => colour("--ink"), width: 1.5, points: { show: false } }];
}

function padded(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 100];
  const room = Math.max(0.5, (high - low) * 0.08);
  return [Math.max(0, low - room), Math.min(100, high + room)];
}

/** Times, the five levels of the past, the five of the wedge, and what came. */
function columnsOf(judged: Judged, from: number, to: number, ahead: ReturnType<typeof wedge>): (number | null)[][] {
  const past = judged.seconds.slice(from, to);
  const last = past.at(-1) ?? -Infinity;
  const later = (ahead?.times ?? []).filter((at) => at > last);
  const shared = (ahead?.times.length ?? 0) - later.length; // a final's own time stands in the past already
  const none = (n: number): null[] => new Array<null>(n).fill(null);
  return [
    [...past, ...later],
    ...judged.levels.map((level) => [...level.slice(from, to), ...none(later.length)]),
    ...LEVELS.map((_, level) => [...none(past.length - shared), ...(ahead?.levels[level] ?? [])]),
    [...judged.came.slice(from, to), ...(ahead === null ? [] : [ahead.index, null]).slice(shared)],
  ];
}
