/** Silences: what is not sent, why, and until when. */

import { h, text } from "../dom";
import { endSilence, person, silences } from "./client";
import { Author, dialogue, Fault, guarded, reason, twice } from "./form";
import { silenceDialogue } from "./list";
import { covers, left } from "./words";
import type { Silence } from "./wire";

interface Row {
  key: string;
  element: HTMLElement;
  left: HTMLElement;
}

export class Silences {
  private rows = new Map<string, Row>();
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
    const rows = newest.map((one) => this.row(one, now));
    this.rows = new Map(newest.map((one, i) => [one.id, rows[i] as Row]));
    const items = rows.length === 0 ? [h("li", { class: "empty quiet" }, "Nothing.")] : rows.map((row) => row.element);
    const same = items.length === this.items.children.length && items.every((item, i) => item === this.items.children[i]);
    if (!same) this.items.replaceChildren(...items); // what is put in again loses the focus, and forgets that it asked
  }

  /** The row that is there already, unless something changed: a button that asks "Really?" must not be another one at the second click. */
  private row(one: Silence, now: number): Row {
    const over = one.ended_by !== null || Date.parse(one.ends_at) <= now;
    const key = `${JSON.stringify(one)} ${over}`;
    const known = this.rows.get(one.id);
    const row = known?.key === key ? known : this.made(one, over, key);
    text(row.left, `${one.author} · ${left(one, now)}`);
    return row;
  }

  private made(one: Silence, over: boolean, key: string): Row {
    const line = h("p", { class: "quiet" });
    const element = h("li", { class: "alert", "data-state": over ? "resolved" : "alerting" },
      h("p", { class: "row" }, h("strong", {}, one.reason), h("span", { class: "quiet" }, covers(one))), line,
      over ? null : h("div", { class: "row" }, guarded(this.ending(one), "alerts:act")));
    return { key, element, left: line };
  }

  private ending(one: Silence): HTMLButtonElement {
    const end = async (author: string): Promise<void> => void (await endSilence(one.id, author), await this.load());
    const known = person();
    if (known !== null) return twice("End now", "Really end it?", () => end(known), this.fault);
    const author = new Author();
    return h("button", { type: "button", class: "link", onclick: () => dialogue("End the silence", [author.element], "End now", () => end(author.name)) }, "End now");
  }
}
