/** Every indicator of the last final: raw value, score, contribution, age. Sorted by what it adds, or by any column. */

import { attribute, h } from "../dom";
import { card } from "./card";
import { takeaways } from "../export";
import { compact, fixed, moment, shortAge, title } from "../format";
import { term } from "../glossary";
import { paths } from "../rest";
import { segments, type State, type View } from "../store";
import { segmentTokens } from "../theme";
import type { Details, IndicatorRow } from "../wire";

type Column = "name" | "segment" | "raw" | "score" | "contribution" | "age_s";
const COLUMNS: [Column, string, string][] = [
  ["name", "Indicator", "indicator"], ["segment", "Segment", "segment"], ["raw", "Raw", ""],
  ["score", "Score", "score"], ["contribution", "Points", "contribution"], ["age_s", "Age", "staleness"],
];

export class Indicators implements View {
  readonly element: HTMLElement;
  private readonly head = h("tr", {});
  private readonly body = h("tbody", {});
  private readonly card;
  private state: State | null = null;
  private drawn: Details | null | undefined;
  private by: { column: Column; up: boolean } = { column: "contribution", up: false };

  constructor() {
    const table = h("table", { class: "data" }, h("thead", {}, this.head), this.body);
    this.card = card("indicators", "Which indicators?", h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Indicators" }, table));
    this.element = this.card.element;
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-indicators`,
      title: () => `${this.state?.market?.title ?? ""}: indicators`,
      paint: () => null,
      table: () => ({
        header: ["name", "segment", "kind", "raw", "score", "contribution", "weight", "age_s"],
        rows: this.sorted().map((r) => [r.name, r.segment, r.kind, r.raw, r.score, r.contribution, r.weight, r.age_s]),
      }),
      path: () => paths.contributions(this.state?.address.market ?? ""),
    }));
    this.element.querySelector(".takeaways .buttons")?.children[1]?.remove(); // a table has no picture
    this.header();
  }

  update(state: State): void {
    this.state = state;
    attribute(this.element, "aria-busy", state.details === null && state.loading ? "true" : null);
    if (state.details === this.drawn) return;
    this.drawn = state.details;
    this.draw();
  }

  private header(): void {
    this.head.replaceChildren(...COLUMNS.map(([column, words, name]) => {
      const sorted = this.by.column === column ? (this.by.up ? "ascending" : "descending") : "none";
      const label = name === "" ? h("span", {}, words) : term(words, name);
      const sort = h("button", { type: "button", class: "sort", "aria-label": `Sort by ${words}`, onclick: () => this.sort(column) }, sorted === "ascending" ? "↑" : sorted === "descending" ? "↓" : "↕");
      return h("th", { scope: "col", class: column, "aria-sort": sorted }, label, sort);
    }));
  }

  private sort(column: Column): void {
    this.by = { column, up: this.by.column === column ? !this.by.up : column === "name" || column === "segment" };
    this.header();
    this.draw();
  }

  private sorted(): IndicatorRow[] {
    const { column, up } = this.by;
    const rows = [...(this.state?.details?.indicators ?? [])];
    const order = (a: IndicatorRow, b: IndicatorRow): number => {
      const [x, y] = [a[column], b[column]];
      if (typeof x === "string" || typeof y === "string") return String(x).localeCompare(String(y));
      return (x ?? -Infinity) - (y ?? -Infinity);
    };
    return rows.sort((a, b) => (up ? 1 : -1) * order(a, b));
  }

  private draw(): void {
    const state = this.state;
    const details = state?.details ?? null;
    const tokens = segmentTokens(state === null ? [] : segments(state));
    this.card.lead.textContent = details === null
      ? "They come with the first final."
      : `${details.indicators.length} indicators at the final of ${moment(Date.parse(details.at))}.`;
    const stale = new Set(details?.stale ?? []);
    this.body.replaceChildren(...this.sorted().map((row) => rowOf(row, tokens.get(row.segment) ?? "--ink-3", stale)));
  }
}

function rowOf(row: IndicatorRow, token: string, stale: Set<string>): HTMLElement {
  const key = h("i", { class: "key" });
  key.style.background = `var(${token})`;
  const bar = h("i", {});
  bar.style.width = `${(row.score ?? 0) * 100}%`;
  const old = row.score === null || stale.has(row.name);
  return h("tr", { class: old ? "old" : "" },
    h("th", { scope: "row" }, h("span", {}, row.name), h("small", {}, term(title(row.kind), row.kind === "level" ? "level kind" : row.kind))),
    h("td", { class: "segment" }, key, h("span", {}, title(row.segment))),
    h("td", { class: "raw" }, compact(row.raw)),
    h("td", { class: "score" }, h("span", { class: "track" }, bar), fixed(row.score, 2)),
    h("td", { class: "contribution" }, fixed(row.contribution, 2)),
    h("td", { class: "age" }, row.age_s === null ? "–" : shortAge(row.age_s)));
}
