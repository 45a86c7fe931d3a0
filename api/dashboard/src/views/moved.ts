/** What moved it since the last period, or over a day, week or month: a waterfall by segment that opens to indicators; correlation is named as such. */

import { attribute, h, type Child } from "../dom";
import { card } from "./card";
import { takeaways } from "../export";
import { fixed, moment, signed, title } from "../format";
import { term } from "../glossary";
import { joined, reaches, reachWord, type Reach } from "../reach";
import { paths } from "../rest";
import { segments, stepMs, type State, type View } from "../store";
import { colour, segmentTokens } from "../theme";
import { extent, indicatorsOf, waterfall, type Step } from "../waterfall";
import { changeWords, periodWord } from "../words";
import type { Change, Details, Market } from "../wire";

export class Moved implements View {
  readonly element: HTMLElement;
  private readonly rows = h("div", { class: "waterfall" });
  private readonly choice = h("div", { class: "presets", role: "group", "aria-label": "Change over" });
  private readonly card;
  private state: State | null = null;
  private steps: Step[] = [];
  private tokens = new Map<string, string>();
  private drawn: unknown[] = [];
  private readonly open = new Set<string>();

  constructor(private readonly choose: (reach: Reach) => void) {
    this.card = card("moved", "What moved it?", this.rows);
    this.element = this.card.element;
    this.card.tools.append(this.choice);
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-change`,
      title: () => `${this.state?.market?.title ?? ""}: what moved the index`,
      paint: () => (this.steps.length === 0 ? null : this.paint()),
      table: () => ({ header: ["cause", "kind", "points", "from", "to"], rows: this.steps.map((s) => [s.name, s.kind, s.value, s.from, s.to]) }),
      path: () => this.state?.moved?.path ?? paths.latest(this.state?.address.market ?? ""),
    }));
  }

  update(state: State): void {
    this.state = state;
    attribute(this.element, "aria-busy", state.reading === null && state.loading ? "true" : null);
    const now = [state.reading, state.details, state.before, state.market, state.moved, state.address.moved, state.loading];
    if (now.every((value, i) => value === this.drawn[i]) && this.drawn.length > 0) return;
    this.drawn = now;
    this.offer(state);
    this.draw(state);
  }

  private offer(state: State): void {
    const { market } = state;
    const offered = market === null ? [] : reaches(market);
    this.choice.replaceChildren(...offered.map((reach) => h("button", {
      type: "button", "aria-pressed": String(reach === state.address.moved), onclick: () => this.choose(reach),
    }, title(reachWord(reach, market as Market, periodWord(market as Market))))));
  }

  /** The change that is explained: what the reading says, or what was added up over the chosen reach. */
  private change(state: State): Change | null {
    const { reading, moved, address } = state;
    if (reading === null || address.moved === "final") return reading?.change ?? null;
    return moved?.found ? joined(moved.found, reading) : null;
  }

  private draw(state: State): void {
    const { reading } = state;
    const change = this.change(state);
    this.steps = reading === null ? [] : waterfall({ index: reading.index, change }, segments(state));
    this.tokens = segmentTokens(segments(state));
    this.card.lead.textContent = reading === null && state.loading ? "" : this.lead(state, change);
    if (this.steps.length === 0) return this.rows.replaceChildren();
    const [low, high] = extent(this.steps);
    const place = (points: number): number => ((points - low) / (high - low)) * 100;
    this.rows.replaceChildren(...this.steps.map((step) => this.row(step, place, state)));
  }

  private lead(state: State, change: Change | null): string {
    const { moved, address } = state;
    if (change !== null) return `${changeWords({ change }, address.moved === "final" ? undefined : `over a ${address.moved}`)}.`;
    if (address.moved === "final") return "No change to explain yet: it needs two finals.";
    return moved?.fault ? `Not known over a ${address.moved}. ${moved.fault}` : "";
  }

  private row(step: Step, place: (points: number) => number, state: State): HTMLElement {
    const bar = h("i", { class: `piece ${step.kind} ${step.value < 0 ? "down" : "up"}` });
    const ends = [place(step.from), place(step.to)].sort((a, b) => a - b) as [number, number];
    const level = step.kind === "start" || step.kind === "end";
    bar.style.left = level ? "0" : `${ends[0]}%`;
    bar.style.width = level ? `${ends[0]}%` : `max(2px, ${ends[1] - ends[0]}%)`;
    if (step.kind === "segment") bar.style.setProperty("--tone", `var(${this.tokens.get(step.name) ?? "--ink-3"})`);
    const cells: Child[] = [
      h("span", { class: "cause" }, ...this.cause(step, state)),
      h("span", { class: "lane", "aria-hidden": "true" }, bar),
      h("span", { class: "points" }, level ? fixed(step.value) : signed(step.value, 2)),
    ];
    return step.kind === "segment" ? this.folding(step.name, cells, state) : h("div", { class: `step ${step.kind}` }, ...cells);
  }

  private cause(step: Step, state: State): Child[] {
    const quick = (stepMs(state) ?? 60_000) < 60_000;
    if (step.kind === "start") {
      const words = state.address.moved === "final" ? "Last final" : "Final before";
      return [words, h("small", {}, moment(Date.parse(this.change(state)?.since ?? ""), quick))];
    }
    if (step.kind === "end") return [state.reading?.final === true ? "This final" : "Now"];
    if (step.kind === "correlation") return [term("Correlation", "correlation part")];
    if (step.kind === "composition") return [term("Composition", "composition part")];
    const key = h("i", { class: "key" });
    key.style.background = `var(${this.tokens.get(step.name) ?? "--ink-3"})`;
    return [key, title(step.name)];
  }

  private folding(name: string, cells: Child[], state: State): HTMLElement {
    const holder = h("div", { class: "indicators" });
    const element = h("details", { open: this.open.has(name) }, h("summary", { class: "step" }, ...cells), holder);
    const fill = (): void => holder.replaceChildren(...inside(name, state));
    element.addEventListener("toggle", () => {
      if (element.open) this.open.add(name);
      else this.open.delete(name);
      fill();
    });
    if (this.open.has(name)) fill();
    return element;
  }

  private paint(): HTMLCanvasElement {
    const unit = devicePixelRatio;
    const canvas = h("canvas", { width: 640 * unit, height: (this.steps.length * 28 + 8) * unit });
    const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
    ctx.scale(unit, unit);
    ctx.font = "13px system-ui, sans-serif";
    const [low, high] = extent(this.steps);
    const x = (points: number): number => 130 + ((points - low) / (high - low)) * 430;
    this.steps.forEach((step, i) => {
      const y = i * 28 + 6;
      const level = step.kind === "start" || step.kind === "end";
      ctx.fillStyle = colour(step.kind === "segment" ? this.tokens.get(step.name) ?? "--ink-3" : "--ink-3");
      const [a, b] = level ? [130, x(step.to)] : [Math.min(x(step.from), x(step.to)), Math.max(x(step.from), x(step.to))];
      ctx.fillRect(a, y, Math.max(2, b - a), 16);
      ctx.fillStyle = colour("--ink");
      ctx.fillText(level ? (step.kind === "start" ? "Last final" : "Now") : title(step.name), 0, y + 13);
      ctx.fillText(level ? fixed(step.value) : signed(step.value, 2), 576, y + 13);
    });
    return canvas;
  }
}

function inside(name: string, state: State): HTMLElement[] {
  if (state.address.moved !== "final") return over(name, state);
  const found = indicatorsOf(name, state.details, state.before);
  if (found.length === 0) return [h("p", { class: "quiet" }, "Indicators come with the next final.")];
  return [
    ...found.map(({ row, was }) => h("p", {}, h("span", {}, row.name), h("span", { class: "points" }, `${fixed(row.contribution, 2)} points`),
      h("span", { class: "points quiet" }, was === null ? "" : signed(row.contribution - was, 2)))),
    h("p", { class: "quiet" }, since(state.details, state)),
  ];
}

/** What each indicator of a segment gives at both ends of the chosen reach. */
function over(name: string, state: State): HTMLElement[] {
  const found = (state.moved?.found?.indicators ?? []).filter((row) => row.segment === name);
  if (found.length === 0) return [h("p", { class: "quiet" }, "Indicators are kept with finals; these have none.")];
  const sorted = [...found].sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
  return [
    ...sorted.map((row) => h("p", {}, h("span", {}, row.name), h("span", { class: "points" }, `${fixed(row.after, 2)} points`),
      h("span", { class: "points quiet" }, signed(row.change, 2)))),
    h("p", { class: "quiet" }, `At the final of ${moment(Date.parse(state.moved?.found?.to.at ?? ""))}, and against the one where the ${state.address.moved} begins.`),
  ];
}

function since(details: Details | null, state: State): string {
  if (details === null || state.market === null) return "";
  return `At the final of ${moment(Date.parse(details.at))}${state.before === null ? "" : `, and against the ${periodWord(state.market)} before`}.`;
}
