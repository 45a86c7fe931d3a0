/** How good it was: live skill against two yardsticks, coverage against what is promised, and coverage over time. */

import uPlot from "uplot";
import { attribute, h, text } from "../dom";
import { takeaways } from "../export";
import { fixed, moment } from "../format";
import { term } from "../glossary";
import { nearest } from "../range";
import { paths } from "../rest";
import { judge, rolling, type Judged } from "../scores/judged";
import type { CoverageRow, Forecast } from "../scores/wire";
import { against, share, skillWords } from "../scores/words";
import { emptyWords, horizon, shown, type State, type View } from "../store";
import { colour, onTheme } from "../theme";
import { card } from "./card";
import { follower } from "./marking";
import { fit, options, wheel, type TimeEvents } from "./timechart";

/** Outcomes in a share of coverage: a year of sessions; fewer where there are not so many. */
const WINDOW = 250;

export class RecordView implements View {
  readonly element: HTMLElement;
  private readonly place = h("div", { class: "chart low", role: "img", "aria-label": "Coverage over time" });
  private readonly skills = h("dl", { class: "figures" });
  private readonly body = h("tbody", {});
  private readonly head = h("tr", {});
  private readonly readout = h("p", { class: "readout" });
  private readonly card;
  private readonly plot: uPlot;
  private judged: Judged = { seconds: [], said: [], came: [], levels: [] };
  private lines: (number | null)[][] = [[], []];
  private window = WINDOW;
  private judgedOf = "";
  private drawn = "";
  private state: State | null = null;

  constructor(events: TimeEvents) {
    const table = h("table", { class: "data coverage" }, h("thead", {}, this.head), this.body);
    this.card = card("record", "How good was it?", this.skills, table, this.readout, this.place);
    this.element = this.card.element;
    for (const [name, words, key] of [["persistence", "than “as now”", "persistence"], ["har", "than HAR", "har"]] as const) {
      this.skills.append(h("div", {}, h("dd", { "data-skill": name }, "–"), h("dt", {}, term(words, key))));
    }
    const line = (token: string): uPlot.Series => ({ stroke: () => colour(token), width: 1.25, points: { show: false } });
    const settings = options(events, 140, [line("--forecast"), line("--ink-3")], (_u, low) => [Math.max(0, Math.min(0.4, (low ?? 1) - 0.05)), 1], {
      drawClear: [(u) => [0.9, 0.5].forEach((nominal) => promise(u, nominal))],
    });
    const [, y] = settings.axes ?? [];
    if (y !== undefined) y.values = (_u, ticks) => ticks.map((tick) => `${Math.round(tick * 100)}\u00a0%`);
    this.plot = new uPlot(follower(settings), [[], [], []], this.place);
    wheel(this.plot, events);
    fit(this.plot, this.place, () => 140);
    onTheme(() => this.plot.redraw(false));
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-coverage`,
      title: () => `${this.state?.market?.title ?? ""}: share of the last ${this.window} outcomes within the interval`,
      paint: () => this.plot.ctx.canvas,
      table: () => ({
        header: ["at", "within_90", "within_50"],
        rows: this.judged.seconds.map((at, i) => [new Date(at * 1000).toISOString(), this.lines[0]?.[i] ?? null, this.lines[1]?.[i] ?? null]),
      }),
      path: () => paths.forecast(this.state?.address.market ?? ""),
      legend: () => [{ name: "90 % interval", token: "--forecast" }, { name: "50 % interval", token: "--ink-3" }],
    }));
  }

  update(state: State): void {
    this.state = state;
    this.element.hidden = state.reading !== null && state.reading.forecast === undefined;
    attribute(this.element, "aria-busy", state.loading ? "true" : null);
    if (this.element.hidden) return;
    attribute(this.place, "data-empty", emptyWords(state));
    this.figures(state.details?.forecast?.at(-1));
    this.judge(state);
    const span = shown(state);
    const key = `${this.judgedOf} ${span?.from} ${span?.to}`;
    if (key !== this.drawn && span !== null) {
      this.drawn = key;
      this.plot.setData([this.judged.seconds, ...this.lines] as uPlot.AlignedData, false);
      this.plot.setScale("x", { min: span.from / 1000, max: span.to / 1000 });
    }
    this.read(state);
  }

  private figures(forecast: Forecast | undefined): void {
    const labels = forecast?.labels[0] ?? 0;
    text(this.card.lead, forecast === undefined ? "It comes with the first final." : labels < 60 ? `${labels} outcomes so far: too few to judge (60 are needed).` : "Loss of the forecast against two yardsticks, lately, and what its intervals held.");
    for (const cell of this.skills.querySelectorAll<HTMLElement>("dd")) {
      const name = cell.dataset["skill"] ?? "";
      text(cell, skillWords(name === "persistence" ? forecast?.skill ?? null : against(forecast, name)));
    }
    const [all = 0, stress = 0] = forecast?.labels ?? [];
    if (forecast === undefined || attributeIs(this.body, JSON.stringify([forecast.coverage, forecast.labels]))) return;
    this.head.replaceChildren(...[term("Interval"), `of ${all.toLocaleString("en")}`, `in stress, of ${stress.toLocaleString("en")}`].map((words, i) => h("th", { scope: "col", class: i === 0 ? "name" : "" }, words)));
    this.body.replaceChildren(...forecast.coverage.map(coverageRow));
  }

  private judge(state: State): void {
    const key = `${state.address.market} ${state.series.finalCount} ${state.series.firstFinal} ${horizon(state)}`;
    if (key === this.judgedOf) return;
    this.judgedOf = key;
    this.judged = judge(state.series.columns(), horizon(state));
    this.window = Math.min(WINDOW, Math.max(20, Math.floor(this.judged.seconds.length / 4)));
    this.lines = [rolling(this.judged, 0, 4, this.window), rolling(this.judged, 1, 3, this.window)];
  }

  private read(state: State): void {
    const { seconds } = this.judged;
    const at = state.address.cursor;
    const i = at === null ? seconds.length - 1 : nearest(seconds, at / 1000);
    const [ninety, fifty] = this.lines.map((line) => line[i] ?? null);
    const known = typeof ninety === "number" && typeof fifty === "number";
    text(this.readout, known ? `Of the ${this.window} outcomes until ${moment((seconds[i] as number) * 1000)}: ${share(ninety)} within the 90 % interval, ${share(fifty)} within the 50 %.` : `A share over time needs ${this.window} outcomes.`);
  }
}

function coverageRow(row: CoverageRow): HTMLElement {
  const cell = (value: number | null, when: string): HTMLElement => h("td", { "data-coverage": `${row.nominal} ${when}` }, value === null ? "–" : `${fixed(value * 100)} %`);
  return h("tr", {}, h("th", { scope: "row" }, `${Math.round(row.nominal * 100)} %`), cell(row.overall, "overall"), cell(row.stress, "stress"));
}

/** A dashed line at what an interval promises. */
function promise(u: uPlot, nominal: number): void {
  const { ctx, bbox } = u;
  const y = Math.round(u.valToPos(nominal, "y", true)) + 0.5;
  if (!Number.isFinite(y)) return;
  ctx.save();
  ctx.strokeStyle = colour("--ink-2");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function attributeIs(element: HTMLElement, key: string): boolean {
  if (element.dataset["key"] === key) return true;
  element.dataset["key"] = key;
  return false;
}
