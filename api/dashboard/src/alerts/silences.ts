/** Silences: what is not sent, why, and until when. */

import { h } from "../dom";
import { endSilence, person, silences, type Silence } from "./client";
import { Author, dialogue, Fault, guarded, reason, twice } from "./form";
import { silenceDialogue } from "./list";
import { covers, left } from "./words";

export class Silences {
  private readonly items = h("ul", { class: "alerts" });
  private readonly fault = new Fault();
  readonly element: HTMLElement;

  constructor() {
    const add = guarded(h("button", { type: "button", class: "button", onclick: () => silenceDialogue(null, () => void this.load()) }, "New silence …"), "alerts:act");
    this.element = h("section", { class: "card", id: "silences", "aria-labelledby": "silences-heading" },
      h("header", {}, h("div", {}, h("h2", { id: "silences-heading" }, "What is silenced?"),
        h("p", { class: "lead" }, "Alerts are kept, and not sent; what still stands when a silence ends is sent then.")), h("div", { class: "tools" }, add)),
      reason("alerts:act"), this.fault.element, this.items);
  }

  async load(): Promise<void> {
    const found = await this.fault.around(silences);
    if (found === null) return;
    const now = Date.now();
    const newest = [...found].sort((a, b) => b.ends_at.localeCompare(a.ends_at));
    this.items.replaceChildren(...newest.map((one) => this.item(one, now)), ...(found.length === 0 ? [h("li", { class: "empty quiet" }, "Nothing.")] : []));
  }

  private item(one: Silence, now: number): HTMLElement {
    const over = one.ended_by !== null || Date.parse(one.ends_at) <= now;
    return h("li", { class: "alert", "data-state": over ? "resolved" : "alerting" },
      h("p", { class: "row" }, h("strong", {}, one.reason), h("span", { class: "quiet" }, covers(one))),
      h("p", { class: "quiet" }, `${one.author} · ${left(one, now)}`),
      over ? null : h("div", { class: "row" }, guarded(this.ending(one), "alerts:act")));
  }

  private ending(one: Silence): HTMLButtonElement {
    const end = async (author: string): Promise<void> => void (await endSilence(one.id, author), await this.load());
    const known = person();
    if (known !== null) return twice("End now", "Really end it?", () => end(known), this.fault);
    const author = new Author();
    return h("button", { type: "button", class: "link", onclick: () => dialogue("End the silence", [author.element], "End now", () => end(author.name)) }, "End now");
  }
}
