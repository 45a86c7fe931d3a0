/** What stands in place of everything where the address names a market that is none: which there are. */

import { h } from "../dom";
import { title, unknownWords } from "../format";
import type { State, View } from "../store";
import { marketKey } from "../wire";
import { editionWords } from "./header";

export class Missing implements View {
  private readonly words = h("p", { role: "alert" });
  private readonly list = h("ul", { class: "choices" });
  readonly element = h("section", { class: "card missing", id: "missing", "aria-labelledby": "missing-heading" },
    h("h2", { id: "missing-heading" }, "No such market"), this.words, this.list);
  private drawn = "";

  update(state: State): void {
    const away = state.connection.state === "none";
    document.documentElement.classList.toggle("nowhere", away);
    const key = away ? `${state.address.market} ${state.markets.map(marketKey).join()}` : "";
    if (key === this.drawn) return;
    this.drawn = key;
    this.words.textContent = away ? unknownWords(state.address.market ?? "", state.markets.length) : "";
    this.list.replaceChildren(...(away ? state.markets : []).map((market) => {
      const name = marketKey(market);
      return h("li", {}, h("a", { href: `?market=${encodeURIComponent(name)}` }, name), ` ${market.title || title(market.name)}${editionWords(market)}`);
    }));
  }
}
