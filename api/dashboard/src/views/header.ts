/** The bar at the top: name, market, connection, theme, keys; and below it the ribbons that must not be missed. */

import { attribute, h, prose, text } from "../dom";
import { age, title } from "../format";
import { term } from "../glossary";
import type { State, View } from "../store";
import { toggleTheme } from "../theme";
import { marketKey, type Market } from "../wire";

interface Actions {
  choose(market: string): void;
  retry(): void;
  help(): void;
}

export class Header implements View {
  readonly element: HTMLElement;
  readonly select = h("select", { id: "market", "aria-label": "Market" });
  private readonly pill = h("span", { class: "connection", id: "connection" });
  private readonly retry: HTMLElement;
  private readonly synthetic: HTMLElement;
  private readonly problem = h("p", { class: "ribbon problem", role: "alert", hidden: true });
  private names = "";

  constructor(actions: Actions) {
    this.select.addEventListener("change", () => actions.choose(this.select.value));
    this.retry = h("button", { type: "button", class: "link", id: "retry", hidden: true, onclick: () => actions.retry() }, "Retry now");
    this.synthetic = h("p", { class: "ribbon synthetic", id: "synthetic", hidden: true },
      term("Synthetic"), ": these prices are simulated. No number here says anything about a real market.");
    this.element = h("div", { class: "top" },
      h("header", { class: "bar" },
        h("h1", {}, mark(), h("span", { class: "wide" }, "Economic Stress Index"), h("span", { class: "narrow" }, "ESI")),
        h("label", { class: "market" }, this.select),
        h("span", { class: "gap" }),
        h("span", { class: "state" }, this.pill, this.retry),
        h("button", { type: "button", class: "icon", id: "theme", title: "Light or dark (T)", "aria-label": "Switch between light and dark", onclick: toggleTheme }, half()),
        h("button", { type: "button", class: "icon", title: "Keys (?)", "aria-label": "List the keys", onclick: () => actions.help() }, "?")),
      this.synthetic, this.problem);
  }

  update(state: State): void {
    this.markets(state);
    const synthetic = state.market?.synthetic === true || state.reading?.flags.includes("synthetic") === true;
    this.synthetic.hidden = !synthetic;
    this.connection(state);
    const { problem } = state;
    this.problem.hidden = problem === null;
    if (problem !== null) prose(this.problem, problem.message + (problem.requestId === null ? "" : ` (request ${problem.requestId})`));
  }

  private markets(state: State): void {
    const names = state.markets.map((m) => `${marketKey(m)}\t${m.title}`).join("\n") + (state.market === null ? "\n" : "");
    if (names !== this.names) {
      this.names = names;
      const none = state.market === null ? [h("option", { value: "", disabled: true, hidden: true }, "Choose a market")] : [];
      this.select.replaceChildren(...none, ...state.markets.map((m) => {
        const key = marketKey(m);
        const run = m.run === null ? "" : ` · run ${m.run}`;
        return h("option", { value: key }, `${m.title || title(m.name)}${editionWords(m)}${run}`);
      }));
    }
    const chosen = state.market === null ? "" : marketKey(state.market);
    if (this.select.value !== chosen) this.select.value = chosen;
  }

  private connection(state: State): void {
    const { connection } = state;
    attribute(this.pill, "data-state", connection.state);
    this.retry.hidden = connection.state !== "waiting";
    text(this.pill, connectionWords(state, Date.now()));
    document.documentElement.classList.toggle("disconnected", connection.state !== "live" && state.reading !== null);
  }
}

/** Which edition of a market it is, where there is more than a first one to tell apart. */
export function editionWords(market: Market): string {
  return market.edition > 1 ? ` · edition ${market.edition}` : "";
}

/** How the page hangs on the API, in words. */
export function connectionWords(state: State, now: number): string {
  const { connection, receivedAt } = state;
  if (connection.state === "none") return "Not connected";
  const held = receivedAt === 0 ? "" : `; what you see came ${age((now - receivedAt) / 1000)} ago`;
  if (connection.state === "waiting") {
    const left = Math.max(0, Math.ceil((connection.retryAt - now) / 1000));
    return `Disconnected${held}. Retry in ${left} s`;
  }
  if (connection.state === "connecting") return connection.attempt > 1 ? `Reconnecting${held}` : "Connecting";
  return state.skipped > 0 ? `Live, ${state.skipped} skipped` : "Live";
}

function mark(): HTMLElement {
  return h("img", { src: "/favicon.svg", alt: "", width: 20, height: 20 });
}

function half(): HTMLElement {
  return h("i", { class: "half", "aria-hidden": "true" });
}
