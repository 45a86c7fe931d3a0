/** Tells screen readers the number: politely, only when the words changed, and at most every ten seconds. */

import { h } from "./dom";
import type { State, View } from "./store";
import { announcement } from "./words";

export const EVERY = 10_000;

/** The next thing to say and when it was said; null while it is too early or nothing changed. */
export function due(words: string, last: { words: string; at: number }, now: number): boolean {
  return words !== last.words && now - last.at >= EVERY;
}

export class Announcer implements View {
  readonly element = h("p", { class: "hidden", "aria-live": "polite", id: "announcement" });
  private last = { words: "", at: -EVERY };

  update(state: State): void {
    if (state.reading === null || state.market === null) return;
    const words = announcement(state.reading, state.market);
    const now = Date.now();
    if (!due(words, this.last, now)) return;
    this.last = { words, at: now };
    this.element.textContent = words;
  }
}
