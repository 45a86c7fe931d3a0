/** What made the numbers, and where they can be had. */

import { attribute, h, text } from "../dom";
import { paths } from "../rest";
import type { State, View } from "../store";
import { marketKey } from "../wire";

export class Footer implements View {
  private readonly about = h("p", {});
  private readonly version = h("p", { class: "mono" });
  private readonly csv = h("a", { href: "/v1/markets" }, "History as CSV");
  readonly element = h("footer", { class: "foot" }, this.about,
    h("p", {}, "Times are UTC; hover for yours. A final is never changed. ",
      h("a", { href: "/openapi.json" }, "API"), " · ", this.csv, " · ", h("a", { href: "/v1/markets" }, "Markets as JSON")),
    this.version);

  update(state: State): void {
    text(this.about, state.market?.about ?? "");
    text(this.version, state.reading === null ? "" : `Version ${state.reading.version}`);
    const path = state.market === null ? paths.markets : paths.finals(marketKey(state.market)).replace("format=json", "format=csv");
    attribute(this.csv, "href", path);
  }
}
