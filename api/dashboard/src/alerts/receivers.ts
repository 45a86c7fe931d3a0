/** Who is told: receivers with their settings, a test, and what came of every attempt. Secrets go in and never come out. */

import { h, prose, text } from "../dom";
import { fixed, moment, title } from "../format";
import { deliveries, kinds, receivers, redeliver, removeReceiver, saveReceiver, testReceiver } from "./client";
import { checkbox, choice, doing, Fault, guarded, input, labelled, reason, twice, type Control } from "./form";
import type { Kinds, Receiver, Said, Setting } from "./wire";

const LABELS: Record<string, string> = {
  url: "Address (URL)", tls: "TLS", html: "HTML", per_minute: "Messages a minute at most", gather_s: "Gather for, in seconds",
  severity: "From this severity on", title: "Template of the headline", text: "Template of the text",
};
const WAIT = 500;
const TRIES = 40;

export class Receivers {
  private readonly items = h("ul", { class: "alerts" });
  private readonly place = h("div", {});
  private readonly fault = new Fault();
  private kinds: Kinds | null = null;
  readonly element: HTMLElement;

  constructor() {
    const add = guarded(h("button", { type: "button", class: "button primary", id: "new-receiver", onclick: () => this.edit(null) }, "New receiver"), "alerts:write");
    this.element = h("section", { class: "card", id: "receivers", "aria-labelledby": "receivers-heading" },
      h("header", {}, h("div", {}, h("h2", { id: "receivers-heading" }, "Who is told?"), h("p", { class: "lead" }, "Webhooks, chat, mail, SMS, and systems of duty. Secrets are kept encrypted and never shown.")), h("div", { class: "tools" }, add)),
      reason("alerts:write"), this.fault.element, this.place, this.items);
  }

  async load(): Promise<void> {
    const found = await this.fault.around(async () => {
      this.kinds ??= await kinds();
      return receivers();
    });
    if (found === null) return;
    const empty = h("li", { class: "empty quiet" }, "Nobody yet: alerts are shown here and in the stream, and sent to nobody.");
    this.items.replaceChildren(...(found.length === 0 ? [empty] : found.map((one) => this.item(one))));
  }

  private item(one: Receiver): HTMLElement {
    const log = new Log(one.name);
    const health = !one.enabled ? "disabled" : one.resting ? `rests after ${one.failures} failures` : one.failures > 0 ? `${one.failures} failures in a row` : "";
    const target = [one.settings["url"], one.settings["host"], one.settings["to"]].find((t) => t !== undefined && t !== "");
    const markets = Array.isArray(one.settings["markets"]) && one.settings["markets"].length > 0 ? one.settings["markets"].join(", ") : "every market";
    return h("li", { class: "alert", "data-receiver": one.name },
      h("p", { class: "row" }, h("strong", {}, one.name), h("span", { class: "quiet" }, [title(one.kind), target, markets, `from ${String(one.settings["severity"] ?? "info")} on`].filter((t) => t !== undefined).map(String).join(" · ")),
        health === "" ? null : h("span", { class: "health" }, health)),
      h("div", { class: "row" },
        guarded(doing("Send a test", () => log.test(), log.fault), "alerts:write"),
        h("button", { type: "button", class: "link", "aria-expanded": "false", onclick: (event) => void log.fold(event.currentTarget as HTMLElement) }, "Delivery log"),
        guarded(h("button", { type: "button", class: "link", onclick: () => this.edit(one) }, "Change"), "alerts:write"),
        guarded(doing("Send dead letters again", () => log.again(), log.fault, "link"), "alerts:write"),
        guarded(twice("Remove", "Really remove it, and what waits for it?", () => removeReceiver(one.name).then(() => this.load()), this.fault), "alerts:write")),
      log.element);
  }

  private edit(stored: Receiver | null): void {
    if (this.kinds === null) return;
    const form = new ReceiverForm(stored, this.kinds, (saved) => {
      this.place.replaceChildren();
      if (saved) void this.load();
    });
    this.place.replaceChildren(form.element);
    form.element.scrollIntoView({ block: "nearest" });
    form.focus();
  }
}

/** What came of every attempt to deliver to one receiver. */
class Log {
  readonly fault = new Fault();
  private readonly said = h("p", { role: "status", class: "outcome" });
  private readonly rows = h("tbody", {});
  private readonly table = h("div", { class: "behind", tabindex: 0, role: "region", "aria-label": "Delivery log", hidden: true },
    h("table", {}, h("thead", {}, h("tr", {}, ...["At", "Outcome", "Status", "Took", "Attempt", "Request", "Answer"].map((t) => h("th", { scope: "col" }, t)))), this.rows));
  readonly element = h("div", {}, this.said, this.fault.element, this.table);

  constructor(private readonly name: string) {}

  async fold(button: HTMLElement): Promise<void> {
    this.table.hidden = !this.table.hidden;
    button.setAttribute("aria-expanded", String(!this.table.hidden));
    if (!this.table.hidden) await this.fault.around(() => this.load());
  }

  private async load(): Promise<void> {
    const found = await deliveries(this.name);
    const cells = found.map((d) => [moment(Date.parse(d.at), true), d.outcome, d.status === null ? "" : String(d.status), `${fixed(d.latency_ms, 0)} ms`, String(d.attempt), d.request, d.fault ?? d.response]);
    this.rows.replaceChildren(...cells.map((row) => h("tr", {}, ...row.map((cell) => h("td", { title: cell }, cell)))), ...(found.length === 0 ? [h("tr", {}, h("td", { colspan: 7 }, "Nothing was sent yet."))] : []));
  }

  /** Sends a test, and waits for what comes of it. */
  async test(): Promise<void> {
    text(this.said, "Sending …");
    const { id } = await testReceiver(this.name);
    for (let n = 0; n < TRIES; n++) {
      const found = (await deliveries(this.name)).find((d) => d.message === id);
      if (found !== undefined) {
        const took = `${fixed(found.latency_ms, 0)} ms`;
        return void text(this.said, found.outcome === "sent" ? `The test arrived: ${found.status ?? "taken"} in ${took}.` : `The test did not arrive: ${found.fault ?? found.outcome} (${took}).`);
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT));
    }
    prose(this.said, "The test waits: is `esi alerts` running? The delivery log will tell.");
  }

  async again(): Promise<void> {
    const { count } = await redeliver(this.name);
    text(this.said, count === 0 ? "There is no dead letter." : `${count} dead letter${count === 1 ? " is" : "s are"} sent again.`);
  }
}

/** Settings of one receiver, asked for as the API describes them. */
class ReceiverForm {
  private readonly fault = new Fault();
  private readonly name: HTMLInputElement;
  private readonly kind: HTMLSelectElement;
  private readonly enabled;
  private readonly own = h("div", { class: "fields" });
  private readonly common = h("div", { class: "fields" });
  private controls = new Map<Setting, Control>();
  readonly element: HTMLElement;

  constructor(private readonly stored: Receiver | null, private readonly kinds: Kinds, private readonly done: (saved: boolean) => void) {
    this.name = input(stored?.name ?? "", { maxlength: 64, required: true, pattern: "[A-Za-z0-9][A-Za-z0-9._-]*", ...(stored === null ? {} : { readonly: true }) });
    this.kind = choice(Object.keys(kinds.receivers).map((k): [string, string] => [k, title(k)]), stored?.kind ?? "webhook");
    this.kind.disabled = stored !== null;
    this.kind.addEventListener("change", () => this.arrange());
    this.enabled = checkbox("Enabled", stored?.enabled !== false);
    const save = guarded(doing("Save", () => this.save(), this.fault, "button primary"), "alerts:write");
    this.element = h("form", { class: "editor", novalidate: true, id: "receiver-editor", "aria-label": "Receiver" },
      h("h2", {}, stored === null ? "New receiver" : stored.name),
      h("div", { class: "fields" }, labelled("Name", this.name), labelled("Kind", this.kind)), this.own,
      h("details", { class: "further" }, h("summary", {}, "Which alerts, in which words, how many"), this.common), this.enabled.element, this.fault.element,
      h("div", { class: "row end" }, h("button", { type: "button", class: "button", onclick: () => this.done(false) }, "Cancel"), save));
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.arrange();
  }

  focus(): void {
    (this.stored === null ? this.name : this.enabled.box).focus();
  }

  private arrange(): void {
    const settings = this.kinds.receivers[this.kind.value] ?? [];
    this.controls = new Map(settings.map((setting) => [setting, this.control(setting)]));
    const place = (common: boolean): HTMLElement[] => [...this.controls].filter(([s]) => s.common === common).map(([s, control]) => labelled(LABELS[s.name] ?? title(s.name), control, this.hint(s), control instanceof HTMLTextAreaElement));
    this.own.replaceChildren(...place(false));
    this.common.replaceChildren(...place(true));
  }

  private control(setting: Setting): Control {
    const known = this.stored?.kind === this.kind.value ? this.stored.settings[setting.name] : undefined;
    const value = known ?? setting.default ?? "";
    const said = Array.isArray(value) ? value.join("\n") : String(value);
    if (setting.form === "choice") return choice(setting.choices, said);
    if (setting.many || said.length > 60) {
      const area = h("textarea", { rows: setting.many ? 2 : 3, spellcheck: "false", autocomplete: "off", class: "mono", ...(setting.secret ? { "data-secret": true } : {}) });
      area.value = said;
      return area;
    }
    return input(said, { ...(setting.secret ? { type: "password", autocomplete: "new-password" } : {}), ...(setting.required ? { required: true } : {}), ...(setting.form === "number" ? { inputmode: "decimal" } : {}) });
  }

  private hint(setting: Setting): string | null {
    const kept = setting.secret && this.stored !== null ? "Secret; left empty, it stays as it was" : setting.secret ? "Secret; never shown again" : null;
    const many = setting.many ? "one a line" : null;
    return [setting.required && this.stored === null ? "needed" : null, kept, many].filter((part) => part !== null).join("; ") || null;
  }

  private async save(): Promise<void> {
    const settings: Said = { kind: this.kind.value };
    for (const [setting, control] of this.controls) {
      const said = control.value.trim();
      if (said === "" && (setting.secret || setting.required || setting.default === null)) continue;
      settings[setting.name] = setting.many ? said.split(/[\n,]/).map((part) => part.trim()).filter((part) => part !== "")
        : setting.form === "number" && !Number.isNaN(Number(said)) ? Number(said) : said;
    }
    if (this.name.value.trim() === "") {
      this.name.focus();
      throw new Error("Name the receiver");
    }
    await saveReceiver(this.name.value.trim(), settings, this.enabled.box.checked);
    this.done(true);
  }
}
