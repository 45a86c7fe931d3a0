/** The whole past in a strip, with the window that the charts show: drag it, its edges, or a new one. */

import { h } from "../dom";
import { drag, grip, type Grip, type Span } from "../range";
import { dataSpan, shown, type State } from "../store";
import { colour, onTheme } from "../theme";
import { GUTTER } from "./timechart";

const HEIGHT = 44;
const RIGHT = 28;

export class Brush {
  readonly element: HTMLElement;
  private readonly canvas = h("canvas", { "aria-hidden": "true" });
  private state: State | null = null;
  private held: { grip: Grip; start: Span; from: number } | null = null;
  private drawn = "";

  constructor(private readonly choose: (span: Span) => void) {
    this.element = h("div", { class: "brush", title: "Drag the window, its edges, or a new one" }, this.canvas);
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", () => (this.held = null));
    this.canvas.addEventListener("pointercancel", () => (this.held = null));
    new ResizeObserver(() => this.redraw()).observe(this.element);
    onTheme(() => this.redraw());
  }

  update(state: State): void {
    this.state = state;
    const span = shown(state);
    const data = dataSpan(state);
    this.element.hidden = data === null || data.from === data.to;
    // The strip is about a thousand pixels wide: redrawn when a pixel's worth of time has passed, not per reading.
    const pixel = data === null ? 1 : Math.max(1, (data.to - data.from) / 1000);
    const key = `${Math.round((span?.from ?? 0) / pixel)} ${Math.round((span?.to ?? 0) / pixel)} ${Math.round((data?.to ?? 0) / pixel)} ${data?.from} ${state.series.length < 100 ? state.series.length : 0}`;
    if (key === this.drawn) return;
    this.drawn = key;
    this.redraw();
  }

  private redraw(): void {
    const state = this.state;
    const data = state === null ? null : dataSpan(state);
    const span = state === null ? null : shown(state);
    const width = this.element.clientWidth;
    if (state === null || data === null || span === null || width === 0) return;
    const unit = devicePixelRatio;
    this.canvas.width = width * unit;
    this.canvas.height = HEIGHT * unit;
    const ctx = this.canvas.getContext("2d") as CanvasRenderingContext2D;
    ctx.scale(unit, unit);
    const x = (ms: number): number => GUTTER + ((ms - data.from) / Math.max(1, data.to - data.from)) * (width - GUTTER - RIGHT);
    this.past(ctx, state, x);
    this.frame(ctx, x(span.from), x(span.to), width);
  }

  private past(ctx: CanvasRenderingContext2D, state: State, x: (ms: number) => number): void {
    const { seconds, index } = state.series.columns();
    const most = index.reduce((a: number, b) => Math.max(a, b ?? 0), 10);
    ctx.beginPath();
    let last: number | null = null;
    seconds.forEach((s, i) => {
      const value = index[i];
      if (value === null || value === undefined) return;
      const px = x(s * 1000);
      const py = HEIGHT - 4 - (value / most) * (HEIGHT - 10);
      if (last === null) ctx.moveTo(px, HEIGHT - 4);
      ctx.lineTo(px, py);
      last = px;
    });
    if (last !== null) ctx.lineTo(last, HEIGHT - 4);
    ctx.fillStyle = colour("--ink-3", 0.45);
    ctx.fill();
  }

  private frame(ctx: CanvasRenderingContext2D, left: number, right: number, width: number): void {
    ctx.fillStyle = colour("--surface", 0.72);
    ctx.fillRect(0, 0, left, HEIGHT);
    ctx.fillRect(right, 0, width - right, HEIGHT);
    ctx.strokeStyle = colour("--ink-3");
    ctx.lineWidth = 1;
    ctx.strokeRect(left + 0.5, 1.5, Math.max(2, right - left - 1), HEIGHT - 4);
    ctx.fillStyle = colour("--ink-2");
    for (const edge of [left, right]) ctx.fillRect(edge - 2, HEIGHT / 2 - 8, 4, 16);
  }

  private time(event: PointerEvent, data: Span): number {
    const width = this.canvas.clientWidth - GUTTER - RIGHT;
    return data.from + ((event.offsetX - GUTTER) / width) * (data.to - data.from);
  }

  private press(event: PointerEvent): void {
    const state = this.state;
    const data = state === null ? null : dataSpan(state);
    const span = state === null ? null : shown(state);
    if (data === null || span === null) return;
    const at = this.time(event, data);
    const reach = ((data.to - data.from) / this.canvas.clientWidth) * (event.pointerType === "touch" ? 20 : 8);
    this.held = { grip: grip(span, at, reach), start: span, from: at };
    this.canvas.setPointerCapture(event.pointerId);
  }

  private move(event: PointerEvent): void {
    const data = this.state === null ? null : dataSpan(this.state);
    if (this.held === null || data === null) return;
    this.choose(drag(this.held.start, this.held.grip, this.held.from, this.time(event, data), data));
  }
}
