/** What stands, and what was: a list that can be worked through. */

import { attribute, h, prose, text } from "../dom";
import { fixed, local, moment, title } from "../format";
import { acknowledge, alerts, silence } from "./client";
import { Author, choice, dialogue, doing, Fault, guarded, input, labelled, reason } from "./form";
import { byUrgency, covers, handled, lasted, standing } from "./words";
import { SEVERITIES, type Alert, type Told } from "./wire";

const SPANS: [string, string][] = [["30m", "30 minutes"], ["1h", "an hour"], ["2h", "2 hours"], ["8h", "8 hours"], ["1d", "a day"], ["7d", "a week"]];

interface Filter {
  market: string;
  severity: string;
  words: string;
}

/** One alert as a row: urgency, rule, since when, the number, and what can be done about it. */
export class Entry {
  readonly element: HTMLLIElement;
  private readonly since = h("time", {});
  private readonly state = h("p", { class: "quiet" });
  private readonly buttons = h("div", { class: "row" });
  private shown = "";

  constructor(private told: Told, private readonly done: () => void) {
    const { alert } = told;
    const head = h("p", { class: "row" }, h("span", { class: `severity ${alert.severity}` }, title(alert.severity)), h("strong", {}, alert.rule),
      h("span", { class: "quiet" }, [alert.market, alert.segment].filter((part) => part !== "").join(" · ")), this.since);
    const number = alert.value === null ? "" : `it was ${fixed(alert.value, Math.abs(alert.value) < 1 ? 4 : 2)}`;
    const reading = alert.reading === null ? "" : `index ${fixed(alert.reading.index)}, higher than ${fixed(alert.reading.percentile, 0)} % of the past`;
    this.element = h("li", { class: "alert", "data-id": alert.id }, head,
      h("p", {}, h("code", {}, alert.condition), h("span", { class: "quiet" }, [number, reading].filter((t) => t !== "").map((t) => ` · ${t}`).join(""))),
      alert.about === "" ? null : sentence(alert.about), this.state, this.buttons);
    this.update(told);
  }

  update(told: Told): void {
    this.told = told;
    const { alert } = told;
    const begun = Date.parse(alert.began_at);
    text(this.since, `${alert.state === "resolved" ? "lasted" : "for"} ${lasted(alert, Date.now())}, since ${moment(begun, true)}`);
    attribute(this.since, "datetime", alert.began_at);
    attribute(this.since, "title", local(begun));
    attribute(this.element, "data-state", alert.state);
    text(this.state, handled(told));
    if (this.shown === alert.state) return;
    this.shown = alert.state;
    const acts = alert.state === "resolved" ? [] : [
      alert.state === "alerting" ? guarded(h("button", { type: "button", class: "button", onclick: () => this.acknowledge() }, "Acknowledge"), "alerts:act") : null,
      guarded(h("button", { type: "button", class: "button", onclick: () => silenceDialogue(alert, this.done) }, "Silence …"), "alerts:act"),
    ];
    this.buttons.replaceChildren(...acts.filter((act) => act !== null));
  }

  private acknowledge(): void {
    const { alert } = this.told;
    const author = new Author();
    const note = input("", { maxlength: 2000, placeholder: "on it" });
    dialogue(`Acknowledge ${alert.rule}`, [
      h("p", { class: "quiet" }, "It is not sent again until it ends, and PagerDuty is told."), author.element, labelled("Note", note),
    ], "Acknowledge", async () => (await acknowledge(alert.id, author.name, note.value), this.done()));
  }
}

/** Asks why and for how long alerts shall not be sent; what is left empty is covered. */
export function silenceDialogue(about: Pick<Alert, "market" | "rule" | "severity" | "segment"> | null, done: () => void): void {
  const author = new Author();
  const why = input("", { maxlength: 2000, required: true, placeholder: "maintenance of the flow" });
  const lasting = choice(SPANS, "1h");
  const market = input(about?.market ?? "");
  const rule = input(about?.rule ?? "");
  const severity = choice([["", "any"], ...SEVERITIES.map((s): [string, string] => [s, s])], "");
  const segment = input("");
  const orNull = (value: string): string | null => (value.trim() === "" ? null : value.trim());
  const said = () => ({ market: orNull(market.value), rule: orNull(rule.value), severity: orNull(severity.value), segment: orNull(segment.value) });
  const scope = h("p", { class: "quiet", role: "status" });
  const tell = (): void => void text(scope, `Covers ${covers({ ...said(), severity: said().severity as Alert["severity"] | null })}.`);
  for (const control of [market, rule, severity, segment]) control.addEventListener("input", tell);
  tell();
  dialogue("Silence", [
    labelled("Reason", why), labelled("For", lasting), author.element,
    h("details", {}, h("summary", {}, "What it covers"), labelled("Market", market), labelled("Rule", rule), labelled("Severity", severity), labelled("Segment", segment)),
    scope,
  ], "Silence", async () => {
    if (why.value.trim() === "") {
      why.focus();
      throw new Error("Say why: whoever comes after you will want to know");
    }
    await silence({ author: author.name, reason: why.value.trim(), lasting: lasting.value, ...said() });
    done();
  });
}

export class Board {
  private readonly status = h("p", { class: "lead", role: "status" });
  private readonly items = h("ul", { class: "alerts", "aria-label": "Alerts that stand" });
  private readonly pastItems = h("ul", { class: "alerts", "aria-label": "Alerts that ended" });
  private readonly fault = new Fault();
  private readonly market = choice([["", "every market"]], "");
  private readonly severity = choice([["", "any urgency"], ...SEVERITIES.map((s): [string, string] => [s, title(s)])], "");
  private readonly words = input("", { type: "search", placeholder: "rule, segment, condition", "aria-label": "Find" });
  private readonly more: HTMLButtonElement;
  private readonly entries = new Map<string, Entry>();
  private standing: Told[] = [];
  private past: Told[] = [];
  private next: string | null = null;
  readonly element: HTMLElement;

  constructor(private readonly look: () => void) {
    this.more = doing("Older", () => this.older(), this.fault);
    for (const control of [this.market, this.severity, this.words]) control.addEventListener("input", () => this.draw());
    attribute(this.market, "aria-label", "Market");
    attribute(this.severity, "aria-label", "Severity");
    const lasting = guarded(h("button", { type: "button", class: "button", onclick: () => silenceDialogue(null, this.look) }, "Silence …"), "alerts:act");
    this.element = h("section", { class: "card", id: "alerts-board", "aria-labelledby": "alerts-board-heading" },
      h("header", {}, h("div", {}, h("h2", { id: "alerts-board-heading" }, "What stands?"), this.status), h("div", { class: "tools" }, this.market, this.severity, this.words, lasting)),
      reason("alerts:act"), this.fault.element, this.items, h("h2", {}, "What was?"), this.pastItems, h("div", { class: "row" }, this.more));
  }

  async load(): Promise<void> {
    this.past = [];
    this.next = null;
    await this.fault.around(() => this.older());
  }

  private async older(): Promise<void> {
    const page = await alerts({ state: "resolved", limit: 50, cursor: this.next });
    this.past.push(...page.alerts);
    this.next = page.next;
    this.draw();
  }

  /** What stands now; when one of them has gone, the past has one more. */
  update(standing: Told[], fault: Error | null): void {
    if (fault !== null) return this.fault.tell(`${fault.message}; what you see may be old.`);
    this.fault.element.hidden = true;
    const gone = this.standing.some((before) => !standing.some((now) => now.alert.id === before.alert.id));
    this.standing = standing;
    if (gone) void this.load();
    this.draw();
  }

  private draw(): void {
    this.markets();
    const filter: Filter = { market: this.market.value, severity: this.severity.value, words: this.words.value.trim().toLowerCase() };
    const now = this.standing.filter((t) => fits(t.alert, filter)).sort(byUrgency);
    const then = this.past.filter((t) => fits(t.alert, filter));
    text(this.status, standing(this.standing) + (now.length === this.standing.length ? "" : ` Shown: ${now.length}.`));
    this.fill(this.items, now, "Nothing that you ask for stands.");
    this.fill(this.pastItems, then, "Nothing that you ask for has ended.");
    this.more.hidden = this.next === null;
  }

  private fill(list: HTMLElement, told: readonly Told[], empty: string): void {
    const wanted = told.map((one) => this.entry(one).element);
    if (wanted.length === 0) return void (list.firstElementChild?.classList.contains("empty") === true || list.replaceChildren(h("li", { class: "empty quiet" }, empty)));
    wanted.forEach((element, n) => list.children[n] === element || list.insertBefore(element, list.children[n] ?? null));
    while (list.children.length > wanted.length) list.lastElementChild?.remove();
  }

  private entry(told: Told): Entry {
    const known = this.entries.get(told.alert.id);
    if (known !== undefined) return known.update(told), known;
    const made = new Entry(told, this.look);
    this.entries.set(told.alert.id, made);
    return made;
  }

  private markets(): void {
    const names = [...new Set([...this.standing, ...this.past].map((t) => t.alert.market))].sort();
    if (this.market.dataset["names"] === names.join("\n")) return;
    this.market.dataset["names"] = names.join("\n");
    const chosen = this.market.value;
    this.market.replaceChildren(h("option", { value: "" }, "every market"), ...names.map((name) => h("option", { value: name }, name)));
    this.market.value = names.includes(chosen) ? chosen : "";
  }
}

export function fits(alert: Alert, filter: Filter): boolean {
  const told = `${alert.rule} ${alert.segment} ${alert.condition} ${alert.about}`.toLowerCase();
  return (filter.market === "" || alert.market === filter.market) && (filter.severity === "" || alert.severity === filter.severity) && told.includes(filter.words);
}

function sentence(about: string): HTMLElement {
  const element = h("p", {});
  prose(element, about);
  return element;
}
