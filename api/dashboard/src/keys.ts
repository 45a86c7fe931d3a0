/** The keys, and the dialog that lists them. */

import { h } from "./dom";

export interface Keys {
  market(by: number): void;
  preset(n: number): void;
  cursor(by: number): void;
  pan(share: number): void;
  zoom(factor: number): void;
  clear(): void;
  theme(): void;
}

const LIST: [string, string][] = [
  ["M, Shift+M", "next or previous market"], ["1 … 6", "range, from the shortest to all"],
  ["← →", "crosshair by one value"], ["Shift+← →", "move the range"], ["+ −", "zoom"],
  ["Esc", "crosshair off"], ["A", "alerts, or back to the index"], ["T", "light or dark"], ["?", "this list"],
];

export function helpDialog(): HTMLDialogElement {
  const dialog = h("dialog", { class: "help", "aria-label": "Keys" },
    h("h2", {}, "Keys"),
    h("dl", {}, ...LIST.flatMap(([keys, what]) => [h("dt", {}, keys), h("dd", {}, what)])),
    h("p", { class: "quiet" }, "Drag in a chart to zoom, double-click for all; Ctrl and the wheel zoom about the pointer."),
    h("form", { method: "dialog" }, h("button", { type: "submit" }, "Close")));
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault(); // the policy allows no form to be sent anywhere
    dialog.close();
  });
  document.body.append(dialog);
  return dialog;
}

export function show(dialog: HTMLDialogElement): void {
  if (!dialog.open) dialog.showModal();
}

/** Binds the keys, except while something is typed or chosen. */
export function bind(keys: Keys, help: () => void): void {
  addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement | null;
    if (event.ctrlKey || event.metaKey || event.altKey || target?.closest("select, input, textarea, dialog") != null) return;
    const scrolls = target?.closest(".scroll, .behind") != null;
    const action = chosen(event, keys, help);
    if (action === null || (scrolls && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    action();
  });
}

function chosen(event: KeyboardEvent, keys: Keys, help: () => void): (() => void) | null {
  const { key, shiftKey } = event;
  if (/^[1-6]$/.test(key)) return () => keys.preset(Number(key) - 1);
  if (key === "ArrowLeft") return () => (shiftKey ? keys.pan(-0.2) : keys.cursor(-1));
  if (key === "ArrowRight") return () => (shiftKey ? keys.pan(0.2) : keys.cursor(1));
  const named: Record<string, () => void> = {
    m: () => keys.market(1), M: () => keys.market(-1), "+": () => keys.zoom(0.7), "=": () => keys.zoom(0.7), "-": () => keys.zoom(1 / 0.7),
    Escape: () => keys.clear(), t: () => keys.theme(), T: () => keys.theme(), "?": help,
  };
  return named[key] ?? null;
}
