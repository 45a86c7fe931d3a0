/** What the charts over time share: axes in UTC, one crosshair, zoom by dragging, the range from the address. */

import uPlot from "uplot";
import { within } from "../episodes";
import { tick } from "../format";
import { colour } from "../theme";
import type { Span } from "../range";

export const GUTTER = 44;
const SYNC = "time";

export interface TimeEvents {
  /** Span chosen by dragging, zooming or panning (ms). */
  range(span: Span): void;
  /** Time under the crosshair (ms), or null. */
  cursor(at: number | null): void;
  /** Zoom about a time by a factor. */
  zoom(about: number, factor: number): void;
  pan(by: number): void;
  reset(): void;
}

const FONT = "12px system-ui, sans-serif";

function axes(): uPlot.Axis[] {
  const line = { stroke: () => colour("--line"), width: 1, size: 4 };
  const common = { stroke: () => colour("--ink-2"), font: FONT, grid: line, ticks: line };
  return [
    { ...common, space: 64, size: 28, grid: { show: false }, values: (_u, ticks, _axis, _space, step) => ticks.map((at) => tick(at, step)) },
    { ...common, size: GUTTER, space: 36, gap: 6 },
  ];
}

/** Options of a chart over time; `y` gives the span of values to show. */
export function options(events: TimeEvents, height: number, series: uPlot.Series[], y: uPlot.Range.Function, hooks: uPlot.Hooks.Arrays): uPlot.Options {
  return {
    width: 600, height, series: [{}, ...series],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    padding: [16, 28, 0, 0],
    legend: { show: false },
    axes: axes(),
    scales: { x: { time: true }, y: { range: y } },
    cursor: {
      sync: { key: SYNC, setSeries: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      focus: { prox: -1 },
      y: false,
      points: { size: 7, width: 1.5, fill: () => colour("--surface") },
      bind: { dblclick: () => () => (events.reset(), null) },
    },
    hooks: {
      ...hooks,
      setCursor: [(u) => {
        const i = u.cursor.idx;
        const at = i === null || i === undefined || (u.cursor.left ?? -1) < 0 ? null : u.data[0][i];
        events.cursor(at === null || at === undefined ? null : at * 1000);
      }],
      setSelect: [(u) => {
        if (u.select.width < 6) return;
        const from = u.posToVal(u.select.left, "x") * 1000;
        const to = u.posToVal(u.select.left + u.select.width, "x") * 1000;
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        events.range({ from, to });
      }],
    },
  };
}

/** Ctrl and wheel zooms about the pointer; a wheel to the side pans. Plain wheels scroll the page. */
export function wheel(u: uPlot, events: TimeEvents): void {
  u.over.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !event.metaKey && !sideways) return;
    event.preventDefault();
    const { min = 0, max = 0 } = u.scales["x"] ?? {};
    const length = ((max ?? 0) - (min ?? 0)) * 1000;
    if (sideways) return events.pan((event.deltaX / u.over.clientWidth) * length);
    const about = u.posToVal(event.offsetX, "x") * 1000;
    events.zoom(about, Math.exp(Math.max(-40, Math.min(40, event.deltaY)) * 0.01));
  }, { passive: false });
}

/** Fits the chart to its place; calls back once it has a size. */
export function fit(u: uPlot, place: HTMLElement, height: () => number): void {
  const size = (): void => {
    const width = place.clientWidth;
    if (width > 0) u.setSize({ width, height: height() });
  };
  new ResizeObserver(size).observe(place);
  size();
}

/** Bands of the named episodes, with their names where there is room. */
export function episodes(u: uPlot): void {
  const { min, max } = u.scales["x"] ?? {};
  if (typeof min !== "number" || typeof max !== "number") return;
  const { ctx } = u;
  const unit = devicePixelRatio;
  let free = u.bbox.left;
  ctx.save();
  ctx.font = `${11 * unit}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  for (const episode of within(min * 1000, max * 1000)) {
    const left = Math.max(u.bbox.left, u.valToPos(episode.from / 1000, "x", true));
    const right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(episode.to / 1000, "x", true));
    ctx.fillStyle = colour("--band");
    ctx.fillRect(left, u.bbox.top, Math.max(unit, right - left), u.bbox.height);
    ctx.fillStyle = colour("--ink-3");
    ctx.fillRect(left, u.bbox.top, Math.max(unit, right - left), 2 * unit);
    const name = right - left > 180 * unit ? episode.name : episode.short;
    const width = ctx.measureText(name).width;
    if (left < free || left + width > u.bbox.left + u.bbox.width) continue;
    ctx.fillStyle = colour("--ink-2");
    ctx.fillText(name, left, u.bbox.top - 4 * unit);
    free = left + width + 8 * unit;
  }
  ctx.restore();
}

/** Moves the crosshair to a time, in this chart and those in step with it. */
export function moveCursor(u: uPlot, at: number | null): void {
  const left = at === null ? -10 : u.valToPos(at / 1000, "x");
  u.setCursor({ left, top: at === null ? -10 : u.over.clientHeight / 2 });
}
