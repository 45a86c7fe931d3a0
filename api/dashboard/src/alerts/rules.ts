/** The rules of the market that the page shows, and the editor of one. */

import { h, text } from "../dom";
import { moment, title } from "../format";
import type { State } from "../store";
import { fields, kinds, person, receivers, removeRule, rules, saveRule } from "./client";
import { Author, checkbox, dialogue, Fault, guarded, reason, twice } from "./form";
import { Editor, type Given } from "./editor";
import type { Rule } from "./wire";

export class Rules {
  private readonly lead = h("p", { class: "lead" });
  private readonly items = h("ul", { class: "alerts" });
  private readonly place = h("div", {});
  private readonly fault = new Fault();
  private market = "";
  readonly element: HTMLElement;

  constructor(private readonly state: State) {
    const add = guarded(h("button", { type: "button", class: "button primary", id: "new-rule", onclick: () => void this.edit(null) }, "New rule"), "alerts:write");
    const look = h("button", { type: "button", class: "button", onclick: () => void this.edit(null) }, "Try a rule");
    this.element = h("section", { class: "card", id: "rules", "aria-labelledby": "rules-heading" },
      h("header", {}, h("div", {}, h("h2", { id: "rules-heading" }, "When is somebody called?"), this.lead), h("div", { class: "tools" }, add.disabled ? look : null, add)),
      reason("alerts:write"), this.fault.element, this.place, this.items);
  }

  async load(): Promise<void> {
    this.market = this.state.market?.name ?? (this.state.address.market ?? "").split("~")[0] ?? "";
    const found = this.market === "" ? null : await this.fault.around(() => rules(this.market));
    if (found === null) return;
    text(this.lead, `${found.length} rule${found.length === 1 ? "" : "s"} of ${this.market}; the market is chosen above.`);
    this.items.replaceChildren(...found.map((one) => this.item(one)));
  }

  private item(one: Rule): HTMLElement {
    const severity = String(one.rule["severity"] ?? "warning");
    const on = checkbox("Evaluated", one.rule["enabled"] !== false, (enabled) => void this.fault.around(() => this.by((author) => saveRule(one.id, one.market, { ...one.rule, enabled }, author))).then(() => this.load()));
    guarded(on.box, "alerts:write");
    const condition = one.when === null ? "" : `${one.when}${one.until === null ? "" : `, until ${one.until}`}`;
    const origin = one.origin === "file" ? `from ${one.author}` : `by ${one.author}`;
    return h("li", { class: "alert", "data-rule": one.name },
      h("p", { class: "row" }, h("span", { class: `severity ${severity}` }, title(severity)), h("strong", {}, one.name), h("span", { class: "quiet" }, `version ${one.version}, ${origin}, ${moment(Date.parse(one.updated_at))}`)),
      h("p", {}, h("code", {}, condition)), one.fault === null ? null : h("pre", { class: "fault" }, one.fault),
      h("div", { class: "row" }, on.element, h("button", { type: "button", class: "link", onclick: () => void this.edit(one) }, "Open"),
        guarded(twice("Remove", "Really remove it?", () => this.by((author) => removeRule(one.id, author)).then(() => this.load()), this.fault), "alerts:write")));
  }

  /** Does something in somebody's name: that of the session, or one that is asked for. */
  private by(work: (author: string) => Promise<unknown>): Promise<unknown> {
    const known = person();
    if (known !== null) return work(known);
    const author = new Author();
    const kept = localStorage.getItem("esi-author");
    if (kept !== null && kept !== "") return work(kept);
    return new Promise((resolve) => dialogue("Who does this?", [author.element], "Go on", () => work(author.name).then(resolve)));
  }

  private async edit(stored: Rule | null): Promise<void> {
    const given = await this.fault.around(async (): Promise<Given> => {
      const [all, named, told] = await Promise.all([kinds(), fields(this.market), receivers()]);
      return { kinds: all, fields: named, receivers: told, state: this.state };
    });
    if (given === null) return;
    const editor = new Editor(this.market, stored, given, (saved) => {
      this.place.replaceChildren();
      if (saved) void this.load();
    });
    this.place.replaceChildren(editor.element);
    editor.element.scrollIntoView({ block: "nearest" });
    editor.focus();
  }
}
