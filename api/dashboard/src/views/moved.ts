/** What moved it since the last period: a waterfall by segment that opens to indicators; correlation is named as such. */

import { attribute, h, type Child } from "../dom";
import { card } from "./card";
import { takeaways } from "../export";
import { fixed, moment, signed, title } from "../format";
import { term } from "../glossary";
import { paths } from "../rest";
import { segments, stepMs, type State, type View } from "../store";
import { colour, segmentTokens } from "../theme";
import { extent, indicatorsOf, waterfall, type Step } from "../waterfall";
import { changeWords, periodWord } from "../words";
import type { Details } from "../wire";

export class Moved implements View {
  readonly element: HTMLElement;
  private readonly rows = h("div", { class: "waterfall" });
  private readonly card;
  private state: State | null = null;
  private steps: Step[] = [];
  private tokens = new Map<string, string>();
  private drawn: unknown[] = [];
  private readonly open = new Set<string>();

  constructor() {
    this.card = card("moved", "What moved it?", this.rows);
    this.element = this.card.element;
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-change`,
      title: () => `${this.state?.market?.title ?? ""}: what moved the index`,
      paint: () => (this.steps.length === 0 ? null : this.paint()),
      table: () => ({ header: ["cause", "kind", "points", "from", "to"], rows: this.steps.map((s) => [s.name, s.kind, s.value, s.from, s.to]) }),
      path: () => paths.latest(this.state?.address.market ?? ""),
    }));
  }

  update(state: State): void {
    this.state = state;
    attribute(this.element, "aria-busy", state.reading === null ? "true" : null);
    const now = [state.reading, state.details, state.before, state.market];
    if (now.every((value, i) => value === this.drawn[i]) && this.drawn.length > 0) return;
    this.drawn = now;
    this.draw(state);
  }

  private draw(state: State): void {
    const { reading } = state;
    this.steps = reading === null ? [] : waterfall(reading, segments(state));
    this.tokens = segmentTokens(segments(state));
    this.card.lead.textContent = reading === null ? "" : `${changeWords(reading)}.`;
    if (this.steps.length === 0) {
      this.card.lead.textContent = reading === null ? "" : "No change to explain yet: it needs two finals.";
      return this.rows.replaceChildren();
    }
    const [low, high] = extent(this.steps);
    const place = (points: number): number => ((points - low) / (high - low)) * 100;
    this.rows.replaceChildren(...this.steps.map((step) => this.row(step, place, state)));
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
    if (step.kind === "start") return ["Last final", h("small", {}, moment(Date.parse(state.reading?.change?.since ?? ""), quick))];
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
  const found = indicatorsOf(name, state.details, state.before);
  if (found.length === 0) return [h("p", { class: "quiet" }, "Indicators come with the next final.")];
  return [
    ...found.map(({ row, was }) => h("p", {}, h("span", {}, row.name), h("span", { class: "points" }, `${fixed(row.contribution, 2)} points`),
      h("span", { class: "points quiet" }, was === null ? "" : signed(row.contribution - was, 2)))),
    h("p", { class: "quiet" }, since(state.details, state)),
  ];
}

function since(details: Details | null, state: State): string {
  if (details === null || state.market === null) return "";
  return `At the final of ${moment(Date.parse(details.at))}${state.before === null ? "" : `, and against the ${periodWord(state.market)} before`}.`;
}
