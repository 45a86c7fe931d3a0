/** Whom the forecast listens to: weights of the experts over time, each one's live skill, and the models in force. */

import uPlot from "uplot";
import { attribute, h, text } from "../dom";
import { takeaways } from "../export";
import { fixed } from "../format";
import { term } from "../glossary";
import { paths } from "../rest";
import { merged, swaps, type Mark } from "../scores/marks";
import type { ExpertRow, Forecast } from "../scores/wire";
import { expertName, share, skillWords } from "../scores/words";
import { stack, type Stack } from "../stack";
import { shown, type State, type View } from "../store";
import { colour, expertToken, onTheme } from "../theme";
import { area } from "./area";
import { card } from "./card";
import { drawMarks, follower } from "./marking";
import { ModelsTable } from "./models";
import { fit, options, wheel, type TimeEvents } from "./timechart";

export class ExpertsView implements View {
  readonly element: HTMLElement;
  private readonly place = h("div", { class: "chart low", role: "img", "aria-label": "Weights of the experts over time" });
  private readonly nothing = h("p", { class: "quiet" });
  private readonly body = h("tbody", {});
  private readonly models = new ModelsTable();
  private readonly card;
  private plot: uPlot | null = null;
  private names: string[] = [];
  private edges: Stack = { low: [], high: [], min: 0, max: 0 };
  private marks: Mark[] = [];
  private drawn = "";
  private state: State | null = null;

  constructor(private readonly events: TimeEvents) {
    const head = h("tr", {}, ...[term("Expert"), term("Weight"), h("span", {}, "than “as now”"), h("span", {}, "Middle")].map((words, i) => h("th", { scope: "col", class: i === 0 ? "name" : "" }, words)));
    this.card = card("experts", "Whom does it listen to?", h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Experts" }, h("table", { class: "data" }, h("thead", {}, head), this.body)), this.place, this.nothing, this.models.element);
    this.element = this.card.element;
    onTheme(() => this.plot?.redraw(false));
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-experts`,
      title: () => `${this.state?.market?.title ?? ""}: weights of the experts`,
      paint: () => (this.place.hidden ? null : this.plot?.ctx.canvas ?? null),
      table: () => this.table(),
      path: () => paths.scores(this.state?.address.market ?? "", null),
      legend: () => this.names.map((name) => ({ name: expertName(name), token: expertToken(name, this.names) })),
    }));
  }

  update(state: State): void {
    this.state = state;
    this.element.hidden = state.reading !== null && state.reading.forecast === undefined;
    attribute(this.element, "aria-busy", state.loading ? "true" : null);
    if (this.element.hidden) return;
    const forecast = state.details?.forecast?.at(-1);
    this.rows(forecast);
    this.models.update(state);
    const span = shown(state);
    const key = `${state.address.market} ${state.scores.revision} ${state.series.finalCount} ${span?.from} ${span?.to}`;
    if (key === this.drawn) return;
    this.drawn = key;
    this.draw(state);
  }

  private rows(forecast: Forecast | undefined): void {
    text(this.card.lead, forecast === undefined ? "Experts come with the first final." : "Experts are weighed by their losses; “as now” and HAR are always among them.");
    const key = JSON.stringify(forecast?.experts.map((e) => [e.name, e.weight, e.skill, e.quantiles]) ?? []);
    if (this.body.dataset["key"] === key) return;
    this.body.dataset["key"] = key;
    const names = forecast?.experts.map((e) => e.name) ?? [];
    this.body.replaceChildren(...(forecast?.experts ?? []).map((expert) => expertRow(expert, forecast?.levels ?? [], names)));
  }

  private draw(state: State): void {
    const scores = state.scores.columns();
    const times = scores.at.map((at) => Date.parse(at) / 1000);
    const span = shown(state);
    this.place.hidden = times.length < 2;
    text(this.nothing, this.place.hidden ? "Weights over time begin with the finals that are computed here: a shipped past keeps only its last." : "");
    if (this.place.hidden || span === null) return;
    const names = Object.keys(scores.weights);
    this.edges = stack(names.map((name) => scores.weights[name] ?? []), times.length);
    this.marks = merged([swaps(state.series.columns())], 1);
    if (names.join() !== this.names.join() || this.plot === null) this.build(names);
    this.plot?.setData([times, ...this.edges.high] as uPlot.AlignedData, false);
    const first = times[0] as number;
    const last = times.at(-1) as number;
    const [from, to] = [Math.max(span.from / 1000, first), Math.min(span.to / 1000, last)];
    this.plot?.setScale("x", from < to ? { min: from, max: to } : { min: first, max: last });
  }

  private build(names: string[]): void {
    this.names = names;
    this.plot?.destroy();
    const parts = names.map((name, i): uPlot.Series => ({
      points: { show: false }, width: 0.5, stroke: () => colour(expertToken(name, names)), fill: () => colour(expertToken(name, names), 0.9),
      paths: (u, _s, from, to) => ({ stroke: null, fill: area(u, this.edges, i, from, to) }) as unknown as uPlot.Series.Paths,
    }));
    const settings = options(this.events, 140, parts, () => [0, 1], { draw: [(u) => drawMarks(u, this.marks)] });
    settings.cursor = { ...settings.cursor, points: { show: false } };
    const [, y] = settings.axes ?? [];
    if (y !== undefined) y.values = (_u, ticks) => ticks.map((tick) => `${Math.round(tick * 100)}\u00a0%`);
    this.plot = new uPlot(follower(settings), [[], ...names.map(() => [])] as uPlot.AlignedData, this.place);
    wheel(this.plot, this.events);
    fit(this.plot, this.place, () => 140);
  }

  private table(): { header: string[]; rows: (string | number | null)[][] } {
    const scores = this.state?.scores.columns();
    const names = Object.keys(scores?.weights ?? {});
    return { header: ["at", ...names], rows: (scores?.at ?? []).map((at, i) => [at, ...names.map((name) => scores?.weights[name]?.[i] ?? null)]) };
  }
}

function expertRow(expert: ExpertRow, levels: number[], names: string[]): HTMLElement {
  const key = h("i", { class: "key" });
  key.style.background = `var(${expertToken(expert.name, names)})`;
  const bar = h("i", {});
  bar.style.width = `${expert.weight * 100}%`;
  const middle = expert.quantiles?.[levels.indexOf(0.5)];
  return h("tr", { class: expert.quantiles === null ? "old" : "", "data-expert": expert.name },
    h("th", { scope: "row" }, key, h("span", {}, expertName(expert.name))),
    h("td", { class: "score weight" }, h("span", { class: "track" }, bar), h("span", { class: "figure" }, share(expert.weight))),
    h("td", { class: "skill" }, expert.name === "persistence" ? "yardstick" : skillWords(expert.skill)),
    h("td", { class: "middle" }, middle === undefined ? "asleep" : fixed(middle, 2)));
}
