/** Light and dark from the same tokens (tokens.css), and their colours for the canvases. */

export type Theme = "auto" | "light" | "dark";
const KEY = "esi-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

let cache = new Map<string, string>();
const listeners: (() => void)[] = [];

function changed(): void {
  cache = new Map();
  for (const listener of listeners) listener();
}

dark.addEventListener("change", changed);

/** Calls back when colours have changed. */
export function onTheme(listener: () => void): void {
  listeners.push(listener);
}

export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export function setTheme(value: Theme): void {
  if (value === "auto") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, value);
  applyTheme();
}

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = theme();
  changed();
}

/** The next of auto, the opposite of what the system says, and the other. */
export function toggleTheme(): void {
  const isDark = theme() === "auto" ? dark.matches : theme() === "dark";
  setTheme(isDark ? "light" : "dark");
}

/** A token as a colour that a canvas understands; `alpha` 0..1 thins it. */
export function colour(token: string, alpha = 1): string {
  const key = `${token}/${alpha}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const probe = document.createElement("i");
  probe.style.color = alpha === 1 ? `var(${token})` : `color-mix(in srgb, var(${token}) ${alpha * 100}%, transparent)`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  cache.set(key, found);
  return found;
}

const NAMED: Record<string, number> = {
  equity: 1, credit: 2, commodities: 3, funding: 4, rates: 5, fx: 6, macro: 7, sentiment: 8,
};

/** Token of every segment: its own wherever it is known, and the next free one otherwise. The same in every chart. */
export function segmentTokens(names: readonly string[]): Map<string, string> {
  const taken = new Set(names.map((n) => NAMED[n]).filter((n) => n !== undefined));
  const free = [1, 2, 3, 4, 5, 6, 7, 8].filter((n) => !taken.has(n));
  return new Map(names.map((name) => [name, `--segment-${NAMED[name] ?? free.shift() ?? 8}`]));
}

const YARDSTICKS: Record<string, string> = { persistence: "--expert-0", har: "--expert-1", har_log: "--expert-2" };

/** Token of an expert: greys for the yardsticks, one hue for the others in their order. */
export function expertToken(name: string, names: readonly string[]): string {
  const place = names.filter((n) => YARDSTICKS[n] === undefined).indexOf(name);
  return YARDSTICKS[name] ?? `--expert-${3 + (Math.max(0, place) % 7)}`;
}

/** Token of a regime: the ramp of stress. */
export function regimeToken(name: string): string {
  return { tense: "--stress-2", stress: "--stress-4" }[name] ?? "--stress-0";
}
