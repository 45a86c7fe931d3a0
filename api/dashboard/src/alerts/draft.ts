/** A rule as it is being written: what its form says, as the API takes it. */

import { span } from "./words";
import type { Kinds, Said } from "./wire";

/** How each field of a rule is asked for. Those of a kind come from the API; these words are the page's. */
export interface Asked {
  label: string;
  hint?: string;
  form: "expression" | "text" | "number" | "span" | "pair" | "regime" | "quantile" | "input";
}

export const ASKED: Record<string, Asked> = {
  when: { label: "Alert when", form: "expression", hint: "A condition, such as index > 80 and coverage > 0.9 for 5m" },
  until: { label: "Until", form: "expression", hint: "The condition that ends it; without one, that the first no longer holds" },
  of: { label: "What is looked at", form: "expression", hint: "A number, such as contributions.equity; without it, the index" },
  above: { label: "Above", form: "number" },
  below: { label: "Below", form: "number" },
  clear: { label: "Ends at", form: "number", hint: "On the calm side, so that it does not flicker" },
  window: { label: "Window", form: "span", hint: "Such as 5m, 1h or 250d" },
  per_day: { label: "False alarms a day", form: "number", hint: "That are put up with, such as 0.1" },
  input: { label: "Of", form: "input" },
  between: { label: "Between", form: "pair", hint: "Two segments or two instruments, with a comma; without them, the mean over all segments" },
  quantile: { label: "Bound of the forecast", form: "quantile" },
};

const NUMBERS = new Set(["above", "below", "clear", "per_day", "quantile"]);

/** A rule from the words of a form; what is empty is left out, and so falls to its default. */
export function rule(words: Record<string, string | boolean | string[]>, kinds: Kinds): Said {
  const kind = String(words["kind"] ?? "expression");
  const takes = kinds.rules[kind] ?? { needs: [], may: [] };
  const own = new Set([...takes.needs, ...takes.may]);
  const said: Said = { kind };
  for (const [name, value] of Object.entries(words)) {
    if (name in ASKED && !own.has(name)) continue;
    const found = read(name, value);
    if (found !== null) said[name] = found;
  }
  return said;
}

function read(name: string, value: string | boolean | string[]): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (text === "") return null;
  if (NUMBERS.has(name)) return Number.isNaN(Number(text)) ? text : Number(text);
  return name === "between" ? text.split(",").map((part) => part.trim()) : text;
}

/** The words of a form from a rule that is stored. */
export function words(said: Said): Record<string, string> {
  const SPANS = new Set(["window", "lasting", "keep", "repeat"]);
  const one = (name: string, value: unknown): string => (Array.isArray(value) ? value.join(", ") : SPANS.has(name) ? span(value) : String(value ?? ""));
  return Object.fromEntries(Object.entries(said).map(([name, value]) => [name, one(name, value)]));
}
