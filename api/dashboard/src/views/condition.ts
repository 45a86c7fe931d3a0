/** Is it unusual: regime with its probabilities, the tail probability of the moment over time, drift and changes. */

import uPlot from "uplot";
import { attribute, h, text } from "../dom";
import { takeaways } from "../export";
import { fixed, moment, title } from "../format";
import { term } from "../glossary";
import { nearest } from "../range";
import { paths } from "../rest";
import { changes, drifts, lastOnes, merged, swaps, type Mark } from "../scores/marks";
import { anomalyWords, changeWords, driftWords, regimeWords, share } from "../scores/words";
import { emptyWords, shown, stepMs, type State, type View } from "../store";
import { colour, onTheme, regimeToken } from "../theme";
import { periodWord } from "../words";
import { card } from "./card";
import { drawMarks, follower, MARK_WORDS } from "./marking";
import { fit, options, wheel, type TimeEvents } from "./timechart";

/** Rarer than this is drawn in colour. */
const RARE = 0.01;
const LEAST = 1e-5;

export class ConditionView implements View {
  readonly element: HTMLElement;
  private readonly place = h("div", { class: "chart low", role: "img", "aria-label": "How unusual each moment was" });
  private readonly readout = h("p", { class: "readout", id: "anomaly-readout" });
  private readonly regime = h("p", { id: "regime-words" });
  private readonly odds = h("div", { class: "odds", role: "img", "aria-label": "Probabilities of the regimes" });
  private readonly anomaly = h("p", { id: "anomaly-words" });
  private readonly parts = h("p", { class: "quiet" });
  private readonly drift = h("p", { id: "drift-words" });
  private readonly change = h("p", { class: "quiet", id: "change-words" });
  private readonly key = h("p", { class: "quiet marks" });
  private readonly card;
  private readonly plot: uPlot;
  private marks: Mark[] = [];
  private drawn = "";
  private state: State | null = null;

  constructor(events: TimeEvents) {
    const part = (heading: Node, ...body: Node[]): HTMLElement => h("div", {}, h("h3", {}, heading), ...body);
    const parts = h("div", { class: "parts" },
      part(term("Regime"), this.regime, this.odds), part(term("Anomaly"), this.anomaly, this.parts), part(term("Drift"), this.drift, this.change));
    this.card = card("condition", "Is it unusual?", parts, this.readout, this.place, this.key);
    this.element = this.card.element;
    text(this.card.lead, "Where the market is, how rare such a moment is, and whether forecast errors are what they were.");
    const drawn = uPlot.paths.bars?.({ size: [1, 8, 1] });
    const bars = (token: string): uPlot.Series => ({ stroke: () => colour(token), fill: () => colour(token), width: 0, points: { show: false }, ...(drawn === undefined ? {} : { paths: drawn }) });
    const settings = options(events, 130, [bars("--ink-3"), bars("--alarm")], (_u, _low, high) => [0, Math.max(3, (high ?? 0) + 0.3)], {
      draw: [(u) => drawMarks(u, this.marks)],
    });
    const [, y] = settings.axes ?? [];
    if (y !== undefined) Object.assign(y, { splits: () => [0, 1, 2, 3, 4, 5], values: (_u: uPlot, ticks: number[]) => ticks.map((tick) => (tick === 0 ? "all" : `1:${["1", "10", "100", "1k", "10k", "100k"][tick]}`)) });
    this.plot = new uPlot(follower(settings), [[], [], []], this.place);
    wheel(this.plot, events);
    fit(this.plot, this.place, () => 130);
    onTheme(() => this.plot.redraw(false));
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-anomaly`,
      title: () => `${this.state?.market?.title ?? ""}: how unusual each moment was`,
      paint: () => this.plot.ctx.canvas,
      table: () => this.table(),
      path: () => paths.regime(this.state?.address.market ?? ""),
    }));
  }

  update(state: State): void {
    this.state = state;
    this.element.hidden = state.reading !== null && state.reading.regime === undefined;
    attribute(this.element, "aria-busy", state.loading ? "true" : null);
    if (this.element.hidden) return;
    attribute(this.place, "data-empty", emptyWords(state));
    this.words(state);
    const span = shown(state);
    const key = `${state.series.revision} ${state.scores.revision} ${span?.from} ${span?.to}`;
    if (key !== this.drawn && span !== null) {
      this.drawn = key;
      this.draw(state, span);
    }
    this.read(state);
  }

  private words({ reading, details, market }: State): void {
    if (market === null) return;
    const regime = details?.regime;
    text(this.regime, regime === undefined ? "It comes with the first final." : `${regimeWords(regime, market)}.`);
    text(this.anomaly, reading === null ? "" : `${anomalyWords(reading.anomaly, market)}.`);
    const { trees = null, turbulence = null } = details?.anomaly ?? {};
    text(this.parts, trees === null && turbulence === null ? "" : `At the last final: score of the trees ${fixed(trees, 2)} of 1; turbulence ${fixed(turbulence, 2)}, 0 on an average ${periodWord(market)}.`);
    text(this.drift, details?.drift === undefined ? "" : `${driftWords(details.drift)}.`);
    const retrain = details?.drift?.retrain;
    const asked = typeof retrain === "string" ? ` Models should be trained anew: ${retrain === "drift" ? "drift" : "their time has come"}.` : "";
    text(this.change, regime === undefined ? "" : `${changeWords(regime)}.${asked}`);
    this.bars(regime?.probabilities ?? {});
  }

  private bars(probabilities: Record<string, number>): void {
    const key = JSON.stringify(probabilities);
    if (this.odds.dataset["key"] === key) return;
    this.odds.dataset["key"] = key;
    attribute(this.odds, "aria-label", `Probabilities of the regimes: ${Object.entries(probabilities).map(([name, p]) => `${name} ${share(p)}`).join(", ")}`);
    this.odds.replaceChildren(...Object.entries(probabilities).map(([name, probability]) => {
      const piece = h("i", { title: `${title(name)} ${share(probability, 1)}`, "data-regime": name });
      piece.style.flexGrow = String(Math.max(probability, 1e-4));
      piece.style.background = `var(${regimeToken(name)})`;
      return piece;
    }));
  }

  private draw(state: State, span: { from: number; to: number }): void {
    const columns = state.series.columns();
    const tall = columns.anomaly.map((p) => (p === null ? null : -Math.log10(Math.max(p, LEAST))));
    const rare = columns.anomaly.map((p, i) => (p !== null && p < RARE ? tall[i] ?? null : null));
    const scores = state.scores.columns();
    this.marks = merged([swaps(columns), drifts(scores), changes(scores), lastOnes(columns, state.details)], (span.to - span.from) / 1000 / 400);
    text(this.key, [...new Set(this.marks.map((mark) => mark.kind))].map((kind) => MARK_WORDS[kind]).join("   "));
    this.plot.setData([columns.seconds, tall, rare] as uPlot.AlignedData, false);
    this.plot.setScale("x", { min: span.from / 1000, max: span.to / 1000 });
  }

  private read(state: State): void {
    const { seconds, anomaly, regime } = state.series.columns();
    const { market } = state;
    const at = state.address.cursor;
    const i = at === null ? seconds.length - 1 : nearest(seconds, at / 1000);
    if (seconds[i] === undefined || market === null) return void text(this.readout, "");
    const said = anomalyWords(anomaly[i], market);
    text(this.readout, `${moment(seconds[i] * 1000, (stepMs(state) ?? 60_000) < 60_000)}: ${said.charAt(0).toLowerCase()}${said.slice(1)}${regime[i] === null ? "" : `; regime ${regime[i]}`}.`);
  }

  private table(): { header: string[]; rows: (string | number | boolean | null)[][] } {
    const columns = this.state?.series.columns();
    const span = this.state === null ? null : shown(this.state);
    if (columns === undefined || span === null) return { header: [], rows: [] };
    const rows = columns.seconds.flatMap((s, i) => (s * 1000 < span.from || s * 1000 > span.to ? [] : [[
      new Date(s * 1000).toISOString(), columns.final[i] ?? false, columns.regime[i] ?? null, columns.anomaly[i] ?? null,
    ]]));
    return { header: ["at", "final", "regime", "anomaly"], rows };
  }
}
