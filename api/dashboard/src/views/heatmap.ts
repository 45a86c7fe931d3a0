/** Who moves with whom: correlations of segments, or of instruments where there are not too many to see. */

import { attribute, h } from "../dom";
import { card } from "./card";
import { takeaways } from "../export";
import { fixed, moment, title } from "../format";
import { term } from "../glossary";
import { paths } from "../rest";
import type { State, View } from "../store";
import { colour } from "../theme";
import type { Details, Matrix } from "../wire";

const MOST = 60;
type Which = "segments" | "instruments";

export class Heatmap implements View {
  readonly element: HTMLElement;
  private readonly grid = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Correlations" });
  private readonly readout = h("p", { class: "readout" });
  private readonly toggle = h("div", { class: "presets", role: "group", "aria-label": "Correlations of" });
  private readonly card;
  private state: State | null = null;
  private drawn: [Details | null | undefined, string] = [undefined, ""];

  constructor(private readonly choose: (which: Which) => void) {
    const scale = h("p", { class: "diverging", "aria-hidden": "true" }, h("span", {}, "−1 opposite"), h("i", {}), h("span", {}, "+1 together"));
    this.card = card("correlations", "Do they move together?", this.readout, this.grid, scale);
    this.element = this.card.element;
    this.card.tools.append(this.toggle);
    this.card.body.append(takeaways({
      name: () => `esi-${this.state?.address.market ?? ""}-correlations`,
      title: () => `${this.state?.market?.title ?? ""}: correlations of ${this.which()}`,
      paint: () => this.paint(),
      table: () => this.table(),
      path: () => paths.correlations(this.state?.address.market ?? ""),
    }));
    this.grid.addEventListener("pointerover", (event) => this.point(event.target));
    this.grid.addEventListener("pointerleave", () => this.rest());
  }

  private which(): Which {
    const { state } = this;
    const fits = (state?.details?.instrument_correlation.names.length ?? 0) <= MOST;
    return state?.address.matrix === "instruments" && fits ? "instruments" : "segments";
  }

  private matrix(): Matrix {
    const details = this.state?.details;
    const none = { names: [], values: [] };
    return (this.which() === "instruments" ? details?.instrument_correlation : details?.segment_correlation) ?? none;
  }

  update(state: State): void {
    this.state = state;
    attribute(this.element, "aria-busy", state.details === null && state.loading ? "true" : null);
    const which = this.which();
    if (this.drawn[0] === state.details && this.drawn[1] === which) return;
    this.drawn = [state.details, which];
    this.draw(which);
  }

  private draw(which: Which): void {
    const instruments = this.state?.details?.instrument_correlation.names.length ?? 0;
    this.toggle.replaceChildren(...(["segments", "instruments"] as const).map((name) => h("button", {
      type: "button", "aria-pressed": String(name === which), disabled: name === "instruments" && (instruments === 0 || instruments > MOST),
      onclick: () => this.choose(name),
    }, title(name))));
    const { names, values } = this.matrix();
    const many = names.length > 12;
    this.rest();
    if (names.length === 0) return this.grid.replaceChildren();
    const label = (name: string): string => (which === "segments" ? title(name) : name);
    this.grid.replaceChildren(h("table", { class: `heat${many ? " many" : ""}` },
      h("thead", {}, h("tr", {}, h("td", {}), ...names.map((n) => h("th", { scope: "col" }, h("span", {}, label(n)))))),
      h("tbody", {}, ...names.map((n, i) => h("tr", {}, h("th", { scope: "row" }, label(n)), ...names.map((_, j) => cell(values[i]?.[j] ?? null, i, j, many)))))));
  }

  private rest(): void {
    const details = this.state?.details ?? null;
    const lead = details === null ? "They come with the first final." : `At the final of ${moment(Date.parse(details.at))}.`;
    this.card.lead.replaceChildren(term("Correlations", "correlation"), ` of what is behind the index. ${lead}`);
    this.readout.textContent = strongest(this.matrix());
  }

  private point(target: EventTarget | null): void {
    const at = target instanceof HTMLElement ? target.closest("td")?.dataset["at"] : undefined;
    if (at === undefined) return;
    const [i = 0, j = 0] = at.split(",").map(Number);
    const { names, values } = this.matrix();
    this.readout.textContent = `${title(names[i] ?? "")} and ${title(names[j] ?? "")}: ${fixed(values[i]?.[j] ?? null, 2)}`;
  }

  private table(): { header: string[]; rows: (string | number | null)[][] } {
    const { names, values } = this.matrix();
    return { header: ["", ...names], rows: names.map((n, i) => [n, ...names.map((_, j) => values[i]?.[j] ?? null)]) };
  }

  private paint(): HTMLCanvasElement | null {
    const { names, values } = this.matrix();
    if (names.length === 0) return null;
    const unit = devicePixelRatio;
    const side = Math.max(14, Math.min(56, Math.floor(560 / names.length)));
    const edge = 96;
    const canvas = h("canvas", { width: (edge + side * names.length) * unit, height: (edge + side * names.length) * unit });
    const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
    ctx.scale(unit, unit);
    ctx.font = `${Math.min(13, side - 2)}px system-ui, sans-serif`;
    ctx.textBaseline = "middle";
    names.forEach((name, i) => {
      ctx.fillStyle = colour("--ink");
      ctx.fillText(name, 0, edge + (i + 0.5) * side, edge - 6);
      ctx.save();
      ctx.translate(edge + (i + 0.5) * side, edge - 6);
      ctx.rotate(-Math.PI / 2);
      ctx.fillText(name, 0, 0, edge - 6);
      ctx.restore();
      names.forEach((_, j) => {
        const value = values[i]?.[j] ?? null;
        ctx.fillStyle = value === null ? colour("--line", 0.5) : colour(value < 0 ? "--opposite" : "--together", Math.min(1, Math.abs(value)));
        ctx.fillRect(edge + j * side + 0.5, edge + i * side + 0.5, side - 1, side - 1);
      });
    });
    return canvas;
  }
}

function cell(value: number | null, i: number, j: number, many: boolean): HTMLElement {
  const strength = Math.min(1, Math.abs(value ?? 0));
  const side = value === null ? "none" : value < 0 ? "opposite" : "together";
  const element = h("td", { class: `${side}${strength > 0.8 ? " strong" : ""}${i === j ? " self" : ""}`, "data-at": `${i},${j}` }, many ? h("span", { class: "hidden" }, fixed(value, 2)) : fixed(value, 2));
  element.style.setProperty("--strength", `${Math.round(strength * 100)}%`);
  return element;
}

function strongest({ names, values }: Matrix): string {
  let best: { value: number; words: string } | null = null;
  names.forEach((a, i) => names.slice(i + 1).forEach((b, k) => {
    const value = values[i]?.[i + 1 + k] ?? null;
    if (value !== null && (best === null || Math.abs(value) > Math.abs(best.value))) best = { value, words: `${title(a)} and ${title(b)}` };
  }));
  const found = best as { value: number; words: string } | null;
  return found === null ? "" : `Closest: ${found.words}, ${fixed(found.value, 2)}`;
}
