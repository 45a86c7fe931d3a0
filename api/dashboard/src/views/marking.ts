/** What charts of scores share: they speak for themselves only under the pointer, and carry marks. */

import type uPlot from "uplot";
import type { Mark } from "../scores/marks";
import { colour } from "../theme";

/** A chart whose times are not the history's: it follows the crosshair, and moves it only under the pointer. */
export function follower(settings: uPlot.Options): uPlot.Options {
  const { setCursor = [], setSelect = [], ...others } = settings.hooks ?? {};
  const asked = (hooks: readonly (((u: uPlot) => void) | undefined)[]) => hooks.map((hook) => (u: uPlot) => void (u.over.matches(":hover") && hook?.(u)));
  return { ...settings, hooks: { ...others, setCursor: asked(setCursor), setSelect: asked(setSelect) } };
}

const SHAPES: Record<Mark["kind"], string> = { model: "▲", drift: "◆", change: "○" };

/** Legend of the kinds of marks that there are. */
export const MARK_WORDS: Record<Mark["kind"], string> = {
  model: `${SHAPES.model} model swapped`, drift: `${SHAPES.drift} drift found`, change: `${SHAPES.change} errors changed`,
};

/** A dashed line at every mark within sight, its shape above it, and its words where there is room. */
export function drawMarks(u: uPlot, marks: readonly Mark[]): void {
  const { min = 0, max = 0 } = u.scales["x"] ?? {};
  const unit = devicePixelRatio;
  const { ctx, bbox } = u;
  let free = -Infinity;
  ctx.save();
  ctx.font = `${11 * unit}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.setLineDash([3 * unit, 3 * unit]);
  for (const mark of marks) {
    if (mark.at < (min ?? 0) || mark.at > (max ?? 0)) continue;
    const x = Math.round(u.valToPos(mark.at, "x", true)) + 0.5;
    ctx.strokeStyle = ctx.fillStyle = colour("--ink-2");
    ctx.lineWidth = unit;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(SHAPES[mark.kind], x, bbox.top - 3 * unit);
    const width = mark.kind === "model" ? ctx.measureText(mark.words).width : 0;
    if (width === 0 || x - width / 2 - 12 * unit < free || x + 8 * unit + width > bbox.left + bbox.width) continue;
    ctx.textAlign = "left";
    ctx.fillText(mark.words, x + 8 * unit, bbox.top - 3 * unit);
    ctx.textAlign = "center";
    free = x + 8 * unit + width;
  }
  ctx.restore();
}
