/** What made the numbers, and where they can be had. */

import { attribute, h, text } from "../dom";
import { paths } from "../rest";
import type { State, View } from "../store";

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
    const { market } = state.address;
    if (market !== null) attribute(this.csv, "href", paths.finals(market).replace("format=json", "format=csv"));
  }
}
