/** The editor of a rule: checked while it is written, with the place of a fault, and tried over history before it is stored. */

import { attribute, h, text } from "../dom";
import { title } from "../format";
import type { State } from "../store";
import { backtest, check, saveRule } from "./client";
import { ASKED, rule as written, words } from "./draft";
import { Author, checkbox, choice, doing, Fault, guarded, input, labelled, reason, type Control } from "./form";
import { Trial } from "./trial";
import { offsets, place } from "./words";
import { SEVERITIES, type Fields, type Kinds, type Receiver, type Rule, type Said } from "./wire";

const QUANTILES: [string, string][] = [["0.95", "95 % (upper bound)"], ["0.75", "75 %"], ["0.5", "50 % (median)"], ["0.25", "25 %"], ["0.05", "5 % (lower bound)"]];
const PAUSE = 300;

export interface Given {
  kinds: Kinds;
  fields: Fields;
  receivers: Receiver[];
  state: State;
}

export class Editor {
  private readonly controls = new Map<string, Control>();
  private readonly places = new Map<string, HTMLElement>();
  private readonly enabled;
  private readonly told: { name: string; box: HTMLInputElement }[] = [];
  private readonly verdict = h("div", { class: "verdict", role: "status", "aria-live": "polite", id: "verdict" });
  private readonly fault = new Fault();
  private readonly trial = new Trial();
  private readonly author = new Author();
  private timer = 0;
  private checking = new AbortController();
  private last: Control | null = null;
  readonly element: HTMLElement;

  constructor(private readonly market: string, private readonly stored: Rule | null, private readonly given: Given, private readonly done: (saved: boolean) => void) {
    const known = words(stored?.rule ?? { severity: "warning", repeat: "4h" });
    this.enabled = checkbox("Evaluate it", stored?.rule["enabled"] !== false);
    const kind = this.add("kind", choice(Object.keys(given.kinds.rules).map((k): [string, string] => [k, title(k)]), known["kind"] ?? "expression"));
    const name = this.add("name", input(known["name"] ?? "", { maxlength: 80, required: true }));
    this.element = h("form", { class: "editor", novalidate: true, id: "rule-editor", "aria-label": stored === null ? "New rule" : `Rule ${stored.name}` },
      h("h2", {}, stored === null ? `New rule of ${market}` : `${stored.name}, version ${stored.version}`),
      reason("alerts:write"),
      h("div", { class: "fields" }, labelled("Name", name), labelled("Kind", kind), ...this.own(known)),
      this.verdict, this.names(), h("details", { class: "further" }, h("summary", {}, "When and to whom"), h("div", { class: "fields" }, ...this.common(known))),
      h("div", { class: "fields" }, this.author.element), this.enabled.element, this.fault.element, this.buttons(), this.trial.element);
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.element.addEventListener("input", () => this.changed());
    this.arrange();
    this.changed();
  }

  focus(): void {
    this.controls.get("name")?.focus();
  }

  private add<T extends Control>(name: string, control: T): T {
    control.name = name;
    this.controls.set(name, control);
    return control;
  }

  /** The fields of every kind; `arrange` shows those of the chosen one. */
  private own(known: Record<string, string>): HTMLElement[] {
    return Object.entries(ASKED).map(([name, asked]) => {
      const control = this.add(name, this.control(name, known[name] ?? ""));
      if (asked.form === "expression") control.addEventListener("focus", () => (this.last = control));
      const place = labelled(asked.label, control, asked.hint ?? null, asked.form === "expression");
      this.places.set(name, place);
      return place;
    });
  }

  private control(name: string, value: string): Control {
    const { form } = ASKED[name] ?? { form: "text" };
    if (form === "quantile") return choice(QUANTILES, value === "" ? "0.95" : value);
    if (form === "input") return input(value, { list: "rule-inputs" });
    if (form === "number") return input(value, { inputmode: "decimal" });
    if (form !== "expression") return input(value);
    const area = h("textarea", { rows: 2, maxlength: 2000, spellcheck: "false", class: "mono", "aria-describedby": "verdict" });
    area.value = value;
    return area;
  }

  private common(known: Record<string, string>): HTMLElement[] {
    const severity = this.add("severity", choice(SEVERITIES.map((s): [string, string] => [s, title(s)]), known["severity"] ?? "warning"));
    const every = this.add("every", choice([["reading", "every reading"], ["final", "finals only"]], known["every"] ?? "reading"));
    const texts: [string, string, string][] = [
      ["lasting", "Must hold for", "Without a break, such as 5m"], ["keep", "Stays at least", "Such as 1h"],
      ["repeat", "Sent again after", "While nobody has acknowledged it; 0s for never"], ["segment", "Group", "Beside market and severity"],
    ];
    const area = this.add("about", h("textarea", { rows: 2, maxlength: 2000 }));
    area.value = known["about"] ?? "";
    const chosen = new Set(Array.isArray(this.stored?.rule["receivers"]) ? this.stored.rule["receivers"].map(String) : []);
    const boxes = this.given.receivers.map(({ name }) => {
      const { element, box } = checkbox(name, chosen.has(name));
      this.told.push({ name, box });
      return element;
    });
    return [labelled("Severity", severity), labelled("Looks at", every), ...texts.map(([name, label, hint]) => labelled(label, this.add(name, input(known[name] ?? "")), hint)),
      labelled("What to do", area, "It goes with the alert", true),
      h("fieldset", { class: "field wide-field" }, h("legend", {}, "Receivers"), ...boxes, h("small", {}, "Without one: everybody who takes alerts of this market and severity"))];
  }

  /** What may be named, to be put where the text cursor was. */
  private names(): HTMLElement {
    const put = (name: string): void => {
      const into = this.last ?? this.controls.get("when");
      if (!(into instanceof HTMLTextAreaElement) || into.closest("[hidden]") !== null) return;
      into.setRangeText(name, into.selectionStart, into.selectionEnd, "end");
      into.focus();
      this.changed();
    };
    const { fields, functions } = this.given.fields;
    const entry = (name: string, about: string, unavailable = false): HTMLElement => h("li", {},
      h("button", { type: "button", class: "link mono", disabled: unavailable, onclick: () => put(name.replace(" or ", " ").split(" ")[0] === name ? name : name.split(" or ")[0] ?? name) }, name), h("span", { class: "quiet" }, about));
    const segments = this.given.state.market?.segments ?? [];
    const inputs = [...segments.map((s) => s.name), ...segments.flatMap((s) => s.indicators.map((i) => i.name)), "calm", "tense", "stress"];
    return h("details", { class: "further" }, h("summary", {}, "What may be named"),
      h("datalist", { id: "rule-inputs" }, ...inputs.map((value) => h("option", { value }))),
      h("ul", { class: "names", tabindex: 0, "aria-label": "Fields and functions" },
        ...fields.map((f) => entry(f.field, `${f.about}${f.unit === "" ? "" : `, ${f.unit}`}${f.available ? "" : "; not available in this market"}`, !f.available)),
        ...Object.entries(functions).map(([name, usage]) => entry(usage, name))));
  }

  private buttons(): HTMLElement {
    const save = guarded(doing(this.stored === null ? "Save" : "Save as next version", () => this.save(), this.fault, "button primary"), "alerts:write");
    return h("div", { class: "row end" },
      doing("Try over history", () => this.tryIt(), this.fault), h("button", { type: "button", class: "button", onclick: () => this.done(false) }, "Cancel"), save);
  }

  /** The rule as the form says it. */
  said(): Said {
    const found: Record<string, string | boolean | string[]> = Object.fromEntries([...this.controls].map(([name, control]) => [name, control.value]));
    const receivers = this.told.filter(({ box }) => box.checked).map(({ name }) => name);
    return written({ ...found, receivers, enabled: this.enabled.box.checked }, this.given.kinds);
  }

  private arrange(): void {
    const takes = this.given.kinds.rules[this.controls.get("kind")?.value ?? ""];
    for (const [name, place] of this.places) {
      const needed = takes?.needs.includes(name) === true;
      place.hidden = !needed && takes?.may.includes(name) !== true;
      attribute(this.controls.get(name) as Element, "aria-required", needed ? "true" : null);
    }
  }

  private changed(): void {
    this.arrange();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.check(), PAUSE);
  }

  private async check(): Promise<void> {
    this.checking.abort();
    this.checking = new AbortController();
    const said = this.said();
    const name = String(said["name"] ?? "");
    if (said["kind"] === "expression" && said["when"] === undefined) return this.judge("Write a condition.", null);
    try {
      const found = await check(this.market, { ...said, name: name === "" ? "unnamed" : name }, this.checking.signal);
      const holds = found.seconds > 0 ? `, held for ${found.seconds} s` : "";
      this.judge(`It fits ${this.market}: ${found.when}${holds}${found.until === null ? "" : `; until ${found.until}`}`, null);
    } catch (error) {
      if (this.checking.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      this.judge(message.replace(/^Rule cannot be used: /, "").replace(/^Bad parameter: /, "").replace(/body\.rule\.?/g, ""), message);
    }
  }

  /** Tells what the check found; the fault's place is marked in a copy of the text, and a button goes there. */
  private judge(sentence: string, fault: string | null): void {
    attribute(this.verdict, "data-fits", fault === null ? "true" : "false");
    const at = fault === null ? null : place(fault);
    const source = at === null || fault === null ? null : this.source(fault);
    for (const name of ["when", "until", "of"]) attribute(this.controls.get(name) as Element, "aria-invalid", source?.name === name ? "true" : null);
    if (at === null || source === null) return void (this.verdict.replaceChildren(h("p", {}, sentence)));
    const [from, to] = offsets(source.value, at);
    const shown = h("pre", {}, source.value.slice(0, from), h("mark", {}, source.value.slice(from, to) || " "), source.value.slice(to));
    const go = h("button", { type: "button", class: "link", onclick: () => (source.focus(), source.setSelectionRange(from, to)) }, "Go to it");
    this.verdict.replaceChildren(h("p", {}, sentence.split("\n")[0] ?? ""), shown, go);
  }

  /** The field that a message is about: the one whose line it shows. */
  private source(fault: string): HTMLTextAreaElement | null {
    const line = fault.split("\n")[1]?.trim() ?? "";
    const areas = ["when", "until", "of"].map((name) => this.controls.get(name)).filter((c): c is HTMLTextAreaElement => c instanceof HTMLTextAreaElement && c.closest("[hidden]") === null);
    return areas.find((area) => line !== "" && area.value.includes(line)) ?? areas.find((area) => area.value.trim() === "" && line === "") ?? null;
  }

  private async tryIt(): Promise<void> {
    const said = this.said();
    this.trial.hide();
    const found = await backtest(this.market, { ...said, name: said["name"] ?? "unnamed" }, new AbortController().signal);
    this.trial.show(found, this.given.state.series.columns());
    this.trial.element.scrollIntoView({ block: "nearest" });
  }

  private async save(): Promise<void> {
    const author = this.author.name;
    const name = this.controls.get("name");
    if (name?.value.trim() === "") {
      name.focus();
      throw new Error("Name the rule: alerts are called by it");
    }
    await saveRule(this.stored?.id ?? null, this.market, this.said(), author);
    text(this.verdict, "");
    this.done(true);
  }
}
