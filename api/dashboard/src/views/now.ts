/** How stressed, and how sure: the number of now with its words, its place in the past, and what it rests on. */

import { attribute, h, s, text } from "../dom";
import { age, clock, fixed, local, moment, title } from "../format";
import { term } from "../glossary";
import { histogram, LEVELS, quantiles } from "../past";
import { conditionWords, nextWords, recordWords } from "../scores/words";
import { horizon, segments, stepMs, type State, type View } from "../store";
import { segmentTokens } from "../theme";
import {
  bandWords, changeWords, closingWords, coverageWords, hoursWords, lastAsHigh, lastAsHighWords, markWords, percentileWords, stalenessWords,
} from "../words";
import type { Market, Reading } from "../wire";

const BINS = 50;

export class Now implements View {
  readonly element: HTMLElement;
  private readonly value = h("span", { class: "value", id: "index" }, "––.–");
  private readonly dot = h("i", { class: "dot", "aria-hidden": "true" });
  private readonly mark = h("span", { id: "mark" });
  private readonly level = h("strong", { class: "level", id: "level" });
  private readonly percentile = h("p", { class: "sentence", id: "percentile" });
  private readonly change = h("p", { class: "sentence quiet" });
  private readonly regime = h("p", { class: "sentence quiet", id: "regime" });
  private readonly next = h("p", { class: "sentence", id: "next" });
  private readonly asOf = h("p", { class: "asof", id: "asof" });
  private readonly strip = s("svg", { class: "strip", viewBox: "0 0 500 56", preserveAspectRatio: "none", role: "img", "aria-label": "Where the index stands in its own past" });
  private readonly bars = s("g");
  private readonly needle = s("line", { class: "needle", y1: 2, y2: 52 });
  private readonly chips = h("ul", { class: "chips" });
  private readonly bar = h("i", {});
  private readonly coverage = h("p", { class: "sentence", id: "coverage" });
  private readonly staleness = h("p", { class: "sentence quiet", id: "staleness" });
  private readonly hours = h("p", { class: "sentence quiet" });
  private readonly forms = h("dl", { class: "forms" });
  private readonly chain = h("p", { class: "asof mono" });
  private drawn = -1;
  private shown: number | null = null;
  private asHigh: { key: string; found: number | null } = { key: "", found: null };

  constructor() {
    this.strip.append(this.bars, s("line", { class: "axis", x1: 0, x2: 500, y1: 52, y2: 52 }), this.needle);
    const scale = h("div", { class: "scale", "aria-hidden": "true" }, ...["0", "25", "50", "75", "100"].map((t) => h("span", {}, t)));
    this.element = h("section", { class: "now", "aria-label": "The index now" },
      h("div", { class: "stressed" },
        h("h2", {}, "How stressed?"),
        h("p", { class: "number" }, this.value, h("span", { class: "of" }, term("of 100", "index"))),
        h("p", { class: "mark" }, this.dot, this.mark),
        this.asOf),
      h("div", { class: "compared" },
        h("p", { class: "headline" }, h("i", { class: "swatch", "aria-hidden": "true" }), this.level),
        this.percentile, this.change, this.regime, this.next,
        h("div", { class: "past" }, this.strip, scale, h("p", { class: "asof" }, "All past finals of this market; the line is now.")),
      ),
      h("div", { class: "sure" },
        h("h2", {}, "How sure?"),
        h("div", { class: "meter" }, term("Coverage"), h("span", { class: "track" }, this.bar)),
        this.coverage, this.staleness, this.hours, this.chips, this.forms, this.chain));
  }

  update(state: State): void {
    const { reading, market } = state;
    attribute(this.element, "aria-busy", reading === null && state.loading ? "true" : null);
    if (reading === null || market === null) return this.waiting(state);
    this.number(reading, market);
    this.words(reading, market, state);
    this.sure(reading, market, state);
    if (this.drawn !== state.series.finalCount) this.past(state);
    this.place(reading);
  }

  private waiting(state: State): void {
    this.shown = null;
    this.drawn = -1;
    for (const element of [this.percentile, this.change, this.regime, this.next, this.coverage, this.staleness, this.hours, this.asOf, this.mark, this.level, this.chain]) text(element, "");
    this.chips.replaceChildren();
    this.forms.replaceChildren();
    text(this.value, "––.–");
    this.bar.style.width = "0";
    if (!state.loading && state.market !== null) text(this.percentile, `No reading yet. ${closingWords(state.market, Date.now())}`.trim());
  }

  private number(reading: Reading, market: Market): void {
    const changed = text(this.value, fixed(reading.index));
    if (changed && this.shown !== null) glow(this.value);
    this.shown = reading.index;
    attribute(this.dot, "data-final", String(reading.final));
    text(this.mark, markWords(reading, market));
    attribute(this.element, "data-level", reading.level);
  }

  private words(reading: Reading, market: Market, state: State): void {
    text(this.level, levelWords(reading));
    text(this.percentile, this.comparison(reading, market, state));
    const change = changeWords(reading);
    text(this.change, change === "" ? "" : `${change}.`);
    text(this.regime, conditionWords(reading, state.details, market));
    const at = Date.parse(reading.at);
    const quick = (stepMs(state) ?? 60_000) < 60_000;
    const old = Date.now() - at > 120_000 ? ` (${age((Date.now() - at) / 1000)} ago)` : "";
    text(this.asOf, `As of ${moment(at, quick)}${old}`);
    attribute(this.asOf, "title", local(at));
  }

  /** Searched once per final and tenth of a point, not per frame: the past is long. */
  private comparison(reading: Reading, market: Market, state: State): string {
    const words = percentileWords(reading, market, state.series.firstFinal);
    if (words === "" || reading.index === null) return reading.flags.includes("warming_up") ? "Warming up: too little past for a percentile." : "";
    const at = Date.parse(reading.at);
    const key = `${reading.market} ${state.series.firstFinal} ${reading.change?.since ?? reading.at} ${reading.index.toFixed(1)}`;
    if (key !== this.asHigh.key) {
      const { times, values } = state.series.pastFinals();
      this.asHigh = { key, found: lastAsHigh(reading.index, times, values, at) };
    }
    const band = bandWords(reading);
    const since = state.series.length < 2 ? "" : `; ${lastAsHighWords(this.asHigh.found, at)}`;
    return `${words}${since}.${band === "" ? "" : ` ${band}`}`;
  }

  private sure(reading: Reading, market: Market, state: State): void {
    this.bar.style.width = `${Math.round(reading.coverage * 1000) / 10}%`;
    text(this.coverage, `${coverageWords(reading, market, state.details)}.`);
    text(this.staleness, `${stalenessWords(reading, state.details)}.`);
    text(this.hours, silence(state) ?? hoursWords(market, Date.now(), Date.parse(reading.at)));
    const [next, record] = [nextWords(reading, market, horizon(state)), recordWords(state.details?.forecast?.at(-1))];
    text(this.next, next === "" ? "" : `${next}.${record === "" ? "" : ` ${record}.`}`);
    this.segments(reading, state);
    this.otherForms(reading);
    text(this.chain, reading.final && reading.hash !== "" ? `Hash ${reading.hash.slice(0, 12)}… after ${reading.prev_hash === "" ? "none" : `${reading.prev_hash.slice(0, 12)}…`}` : `Made by ${reading.version}`);
  }

  private segments(reading: Reading, state: State): void {
    const names = segments(state);
    const key = names.map((n) => `${n}${n in reading.contributions}`).join();
    if (attributeIs(this.chips, key)) return;
    const tokens = segmentTokens(names);
    this.chips.replaceChildren(...names.map((name) => {
      const live = name in reading.contributions;
      const chip = h("li", { class: live ? "live" : "missing" }, h("i", { class: "key" }), title(name), live ? "" : " (missing)");
      (chip.firstChild as HTMLElement).style.background = `var(${tokens.get(name) ?? "--ink-3"})`;
      return chip;
    }));
  }

  private otherForms(reading: Reading): void {
    const entries = Object.entries(reading.forms);
    if (!attributeIs(this.forms, entries.map(([n]) => n).join())) {
      this.forms.replaceChildren(...entries.flatMap(([name]) => [h("dt", {}, term(formName(name), name)), h("dd", { "data-form": name })]));
    }
    for (const cell of this.forms.querySelectorAll("dd")) text(cell, fixed(reading.forms[cell.dataset["form"] ?? ""] ?? null));
  }

  private past(state: State): void {
    this.drawn = state.series.finalCount;
    const { values } = state.series.pastFinals();
    const counts = histogram(values, BINS);
    const most = Math.max(1, ...counts);
    const cuts = quantiles(values, LEVELS);
    const width = 500 / BINS;
    this.bars.replaceChildren(...counts.map((count, i) => {
      const height = (count / most) * 48;
      const middle = ((i + 0.5) / BINS) * 100;
      return s("rect", { x: i * width + 0.5, y: 52 - height, width: width - 1, height, class: `stress-${cuts.filter((c) => middle > c).length}` });
    }));
  }

  private place(reading: Reading): void {
    attribute(this.needle, "visibility", reading.index === null ? "hidden" : "visible");
    const x = String(Math.round((reading.index ?? 0) * 50) / 10);
    attribute(this.needle, "x1", x);
    attribute(this.needle, "x2", x);
  }
}

function attributeIs(element: HTMLElement, key: string): boolean {
  if (element.dataset["key"] === key) return true;
  element.dataset["key"] = key;
  return false;
}

/** Names of the aggregation forms for people. */
export function formName(name: string): string {
  return { ciss: "CISS form", factor: "First factor", rank_mean: "Mean of ranks", tail_mean: "Mean of tails", z_mean: "Mean of z" }[name] ?? title(name);
}

function levelWords(reading: Reading): string {
  if (reading.flags.includes("no_data") || reading.index === null) return "No information";
  return reading.level === "unknown" ? "Warming up" : title(reading.level);
}

/** Says when a market that should be giving readings has gone silent; null where all is well or nothing is expected. */
function silence(state: State): string | null {
  const step = stepMs(state);
  const market = state.market;
  if (step === null || market === null || market.run !== null || market.calendar !== "24x7" || state.receivedAt === 0) return null;
  const quiet = Date.now() - state.receivedAt;
  return quiet > Math.max(15_000, step * 5) ? `Silent: no new reading for ${age(quiet / 1000)} (since ${clock(state.receivedAt, true)} UTC).` : null;
}

function glow(element: HTMLElement): void {
  element.classList.remove("glow");
  requestAnimationFrame(() => element.classList.add("glow"));
}
