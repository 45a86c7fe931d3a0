/** What a chart shows, to take away: PNG, CSV, and the API call that gives the same numbers. */

import { csv, type Cell } from "./csv";
import { h } from "./dom";
import { curl } from "./rest";
import { colour } from "./theme";

export interface Takeaway {
  /** Name of the file, without its ending. */
  name: () => string;
  title: () => string;
  /** Paints the chart at device pixels, without title; null where there is nothing to paint. */
  paint: () => HTMLCanvasElement | null;
  table: () => { header: string[]; rows: Cell[][] };
  path: () => string;
  /** Legend of the picture. */
  legend?: () => { name: string; token: string }[];
}

/** The small row of buttons below a chart: table, PNG, CSV, API. */
export function takeaways(of: Takeaway): HTMLElement {
  const holder = h("div", { class: "behind", hidden: true, tabindex: 0, role: "region", "aria-label": `Table of ${of.title()}` });
  const show = h("button", { type: "button", class: "link", "aria-expanded": "false", onclick: () => fold(show, holder, of) }, "Table");
  const buttons = [
    show,
    h("button", { type: "button", class: "link", title: "Download the picture", onclick: () => void savePicture(of) }, "PNG"),
    h("button", { type: "button", class: "link", title: "Download the numbers", onclick: () => saveNumbers(of) }, "CSV"),
    h("button", { type: "button", class: "link", title: "Copy the curl line that gives these numbers", onclick: () => void copy(curl(of.path(), location.origin)) }, "API"),
  ];
  return h("div", { class: "takeaways" }, h("div", { class: "buttons" }, ...buttons), holder);
}

const ROWS = 400;

function fold(button: HTMLElement, holder: HTMLElement, of: Takeaway): void {
  const open = holder.hidden;
  holder.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
  holder.replaceChildren();
  if (!open) return;
  const { header, rows } = of.table();
  const newest = rows.slice(-ROWS).reverse();
  const caption = rows.length > ROWS ? `The newest ${ROWS} of ${rows.length} rows; the CSV has all.` : `${rows.length} rows.`;
  holder.append(
    h("table", {}, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, ...header.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...newest.map((row) => h("tr", {}, ...row.map((c) => h("td", {}, shortCell(c))))))),
  );
}

function shortCell(value: Cell): string {
  if (value === null) return "–";
  return typeof value === "number" ? String(Math.round(value * 1e4) / 1e4) : String(value);
}

function save(blob: Blob, name: string): void {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function saveNumbers(of: Takeaway): void {
  const { header, rows } = of.table();
  save(new Blob([csv(header, rows)], { type: "text/csv" }), `${of.name()}.csv`);
}

async function savePicture(of: Takeaway): Promise<void> {
  const chart = of.paint();
  if (chart === null) return notice("There is nothing to draw yet");
  const blob = await new Promise<Blob | null>((done) => framed(chart, of).toBlob(done, "image/png"));
  if (blob !== null) save(blob, `${of.name()}.png`);
}

/** The chart under its title and legend, on the page's own ground. */
function framed(chart: HTMLCanvasElement, of: Takeaway): HTMLCanvasElement {
  const unit = devicePixelRatio;
  const legend = of.legend?.() ?? [];
  const head = (legend.length > 0 ? 68 : 44) * unit;
  const canvas = h("canvas", { width: chart.width + 32 * unit, height: chart.height + head + 40 * unit });
  const ctx = canvas.getContext("2d") as CanvasRenderingContext2D;
  ctx.fillStyle = colour("--surface");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = colour("--ink");
  ctx.font = `600 ${15 * unit}px system-ui, sans-serif`;
  ctx.fillText(of.title(), 16 * unit, 30 * unit);
  ctx.font = `${12 * unit}px system-ui, sans-serif`;
  let x = 16 * unit;
  for (const { name, token } of legend) {
    ctx.fillStyle = colour(token);
    ctx.fillRect(x, 46 * unit, 10 * unit, 10 * unit);
    ctx.fillStyle = colour("--ink-2");
    ctx.fillText(name, x + 15 * unit, 55 * unit);
    x += ctx.measureText(name).width + 32 * unit;
  }
  ctx.drawImage(chart, 16 * unit, head);
  ctx.fillStyle = colour("--ink-2");
  ctx.fillText(`Economic Stress Index · ${location.host}${of.path()}`, 16 * unit, canvas.height - 14 * unit);
  return canvas;
}

async function copy(line: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(line);
    notice(`Copied: ${line}`);
  } catch {
    notice(line); // no permission: shown, to be copied by hand
  }
}

const note = h("div", { class: "notice", role: "status", hidden: true });
let hide = 0;

/** A short message at the foot of the page. */
export function notice(message: string): void {
  if (!note.isConnected) document.body.append(note);
  note.textContent = message;
  note.hidden = false;
  clearTimeout(hide);
  hide = window.setTimeout(() => (note.hidden = true), 5_000);
}
