/** Users and API keys, for admins. What is told once (a link, a key) is shown once, to be copied. */

import { h, text } from "../dom";
import { day, moment, title } from "../format";
import { addKey, addUser, barred, changeUser, keys, removeUser, revokeKey, users } from "./client";
import { checkbox, choice, dialogue, doing, Fault, input, labelled, reason, twice } from "./form";
import type { Key, User } from "./wire";

const ROLES: [string, string][] = [["viewer", "Viewer: sees the index"], ["analyst", "Analyst: sees alerts, too"], ["operator", "Operator: acts on alerts"], ["admin", "Admin: keeps users and keys"]];
const SCOPES = ["index:read", "alerts:read", "alerts:act", "alerts:write", "metrics:read", "audit:read", "users:admin"];
const ENDS: [string, string][] = [["30", "in 30 days"], ["90", "in 90 days"], ["365", "in a year"], ["", "never"]];
const DAY = 86_400_000;

export class People {
  private readonly userItems = h("ul", { class: "alerts", "aria-label": "Users" });
  private readonly keyItems = h("ul", { class: "alerts", "aria-label": "API keys" });
  private readonly fault = new Fault();
  private readonly once = h("div", { class: "once", role: "status", hidden: true });
  readonly element: HTMLElement;

  constructor() {
    const may = barred("users:admin") === null;
    const addUserButton = h("button", { type: "button", class: "button primary", id: "new-user", disabled: !may, onclick: () => this.newUser() }, "New user");
    const addKeyButton = h("button", { type: "button", class: "button", id: "new-key", disabled: !may, onclick: () => this.newKey() }, "New key");
    this.element = h("section", { class: "card", id: "people", "aria-labelledby": "people-heading" },
      h("header", {}, h("div", {}, h("h2", { id: "people-heading" }, "Who may do what?"), h("p", { class: "lead" }, "People log in; services use keys. Every change stands in the audit log.")),
        h("div", { class: "tools" }, addUserButton, addKeyButton)),
      reason("users:admin"), this.fault.element, this.once, h("h3", {}, "Users"), this.userItems, h("h3", {}, "API keys"), this.keyItems);
  }

  async load(): Promise<void> {
    if (barred("users:admin") !== null) return;
    const found = await this.fault.around(() => Promise.all([users(), keys()]));
    if (found === null) return;
    const [people, services] = found;
    this.userItems.replaceChildren(...people.map((one) => this.user(one)), ...(people.length === 0 ? [h("li", { class: "empty quiet" }, "Nobody yet.")] : []));
    this.keyItems.replaceChildren(...services.map((one) => this.key(one)), ...(services.length === 0 ? [h("li", { class: "empty quiet" }, "None.")] : []));
  }

  private user(one: User): HTMLElement {
    const role = choice(ROLES, one.role);
    role.setAttribute("aria-label", `Role of ${one.name}`);
    role.addEventListener("change", () => void this.after(() => changeUser(one.id, { role: role.value })));
    const login = one.last_login_at === null ? "has not logged in yet" : `logged in ${moment(Date.parse(one.last_login_at))}`;
    const by = one.provider !== null ? `through ${one.provider}` : one.has_password ? "" : "no password yet";
    return h("li", { class: "alert", "data-user": one.name },
      h("p", { class: "row" }, h("strong", {}, one.name), h("span", { class: "quiet" }, [`since ${day(Date.parse(one.created_at))}`, login, by].filter((t) => t !== "").join(" · ")), one.disabled ? h("span", { class: "health" }, "shut out") : null),
      h("div", { class: "row" }, role,
        doing(one.disabled ? "Let in" : "Shut out", () => this.after(() => changeUser(one.id, { disabled: !one.disabled })), this.fault, "link"),
        doing("One-time link", () => this.after(async () => this.tell(`One-time link of ${one.name}, for a new password; it is shown this once:`, link((await changeUser(one.id, { link: true })).link))), this.fault, "link"),
        twice("Delete", "Really delete it, with its sessions?", () => this.after(() => removeUser(one.id)), this.fault)));
  }

  private key(one: Key): HTMLElement {
    const end = one.expires_at === null ? "never ends" : `ends ${day(Date.parse(one.expires_at))}`;
    return h("li", { class: "alert", "data-key": one.name },
      h("p", { class: "row" }, h("strong", {}, one.name), h("code", {}, one.prefix), h("span", { class: "quiet" }, [one.scopes.join(", "), `since ${day(Date.parse(one.created_at))}`, end].join(" · "))),
      h("div", { class: "row" }, twice("Revoke", "Really revoke it? Who uses it is refused", () => this.after(() => revokeKey(one.id)), this.fault)));
  }

  private newUser(): void {
    const name = input("", { maxlength: 64, required: true });
    const role = choice(ROLES, "viewer");
    dialogue("New user", [labelled("Name", name), labelled("Role", role), h("p", { class: "quiet" }, "They set their password by a one-time link, which you give them.")], "Add", async () => {
      const made = await addUser(name.value.trim(), role.value);
      this.tell(`One-time link of ${made.name}; it is shown this once:`, link(made.link));
      await this.load();
    });
  }

  private newKey(): void {
    const name = input("", { maxlength: 120, required: true });
    const ends = choice(ENDS, "365");
    const boxes = SCOPES.map((scope) => ({ scope, ...checkbox(scope, scope === "index:read") }));
    dialogue("New API key", [labelled("What it is for", name), labelled("Ends", ends), h("fieldset", { class: "field" }, h("legend", {}, "May"), ...boxes.map(({ element }) => element))], "Make", async () => {
      const scopes = boxes.filter(({ box }) => box.checked).map(({ scope }) => scope);
      const expires = ends.value === "" ? null : new Date(Date.now() + Number(ends.value) * DAY).toISOString();
      const made = await addKey(name.value.trim(), scopes, expires);
      this.tell(`Key ${title(made.name)}; it is shown this once:`, made.key ?? "");
      await this.load();
    });
  }

  private async after(work: () => Promise<unknown>): Promise<void> {
    if ((await this.fault.around(work)) !== null || this.fault.element.hidden) await this.load();
    else await this.load().then(() => (this.fault.element.hidden = false)); // what was chosen is not what is; the sentence stays
  }

  private tell(sentence: string, secret: string): void {
    const field = input(secret, { readonly: true, "aria-label": "Shown this once" });
    const copy = h("button", { type: "button", class: "button", onclick: () => void navigator.clipboard.writeText(secret).then(() => text(copy, "Copied"), () => field.select()) }, "Copy");
    this.once.hidden = false;
    this.once.replaceChildren(h("p", {}, sentence), h("div", { class: "row" }, field, copy, h("button", { type: "button", class: "link", onclick: () => (this.once.hidden = true, this.once.replaceChildren()) }, "Done")));
  }
}

/** The address that takes a one-time link's token: behind the hash, where no server and no log sees it. */
export function link(token: string | null): string {
  return token === null ? "" : `${location.origin}/#link=${token}`;
}
