/** Definitions on hover, focus and tap: one sentence each, from glossary.json, which the documentation shows too. */

import definitions from "../glossary.json";
import { h } from "./dom";

const bubble = h("div", { class: "bubble", role: "tooltip", id: "definition", hidden: true });

export function definition(term: string): string | null {
  return (definitions as Record<string, string>)[term] ?? null;
}

/** Words that explain themselves; without a definition, just the words. */
export function term(words: string, name = words.toLowerCase()): HTMLElement {
  const meaning = definition(name);
  if (meaning === null) return h("span", {}, words);
  const element = h("button", { class: "term", type: "button", "aria-label": `${words}: ${meaning}` }, words);
  const show = (): void => place(element, meaning);
  const hide = (): void => void (bubble.hidden = true);
  element.addEventListener("pointerenter", show);
  element.addEventListener("pointerleave", hide);
  element.addEventListener("focus", show);
  element.addEventListener("blur", hide);
  element.addEventListener("click", show);
  return element;
}

function place(element: Element, meaning: string): void {
  if (!bubble.isConnected) document.body.append(bubble);
  bubble.textContent = meaning;
  bubble.hidden = false;
  const at = element.getBoundingClientRect();
  const width = bubble.offsetWidth;
  const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
  const below = at.bottom + 8 + bubble.offsetHeight < window.innerHeight;
  bubble.style.left = `${left + window.scrollX}px`;
  bubble.style.top = `${(below ? at.bottom + 6 : at.top - bubble.offsetHeight - 6) + window.scrollY}px`;
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") bubble.hidden = true;
});
