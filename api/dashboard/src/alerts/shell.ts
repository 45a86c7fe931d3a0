/** The way to the alerts: a link in the bar that counts what stands. The desk itself is loaded when the page has been drawn. */

import { attribute, h, text } from "../dom";
import type { State, View } from "../store";
import type { Desk } from "./desk";

const AFTER = 1_500;
const HASH = /^#(?:alerts(?:\/(\w+))?|(link=[\w-]+))$/;

export class AlertsShell implements View {
  private readonly count = h("span", { class: "count", hidden: true });
  readonly link = h("a", { class: "bell", id: "alerts-link", href: "#alerts" }, "Alerts", this.count);
  readonly element = h("main", { id: "alerts", hidden: true, "aria-label": "Alerts" });
  private desk: Promise<Desk | null> | null = null;
  private opened: Desk | null = null;
  private standing = 0;
  private asked = false;

  constructor(private readonly state: State, private readonly others: () => readonly HTMLElement[]) {
    addEventListener("hashchange", () => void this.route());
    addEventListener("keydown", (event) => {
      const typing = (event.target as HTMLElement | null)?.closest("select, input, textarea, dialog") != null;
      if (event.key.toLowerCase() !== "a" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
      location.hash = HASH.test(location.hash) ? "" : "#alerts";
    });
    setTimeout(() => void this.load(), AFTER);
  }

  /** Shows the desk where the address names it, and the page otherwise. */
  async route(): Promise<void> {
    const part = HASH.exec(location.hash);
    this.element.hidden = part === null;
    for (const other of this.others()) other.hidden = part !== null;
    attribute(this.link, "aria-current", part === null ? null : "page");
    attribute(this.link, "href", part === null ? "#alerts" : "#");
    text(this.link.firstChild as unknown as Element, part === null ? "Alerts" : "Index");
    this.badge();
    if (part === null) return this.opened?.rest();
    const desk = await this.load();
    await desk?.show(part[1] ?? part[2] ?? "");
  }

  private load(): Promise<Desk | null> {
    this.desk ??= import("./desk").then(({ Desk }) => {
      this.opened = new Desk(this.state, (standing) => this.told(standing.length, standing.some((t) => t.alert.severity === "critical" && t.alert.state === "alerting")));
      this.element.append(this.opened.element);
      return this.opened;
    }).catch(() => {
      this.desk = null; // the network was away: the next click tries again
      this.element.replaceChildren(h("p", { class: "problem", role: "alert" }, "The alerts could not be loaded. Try again."));
      return null;
    });
    return this.desk;
  }

  private told(standing: number, urgent: boolean): void {
    this.standing = standing;
    this.badge();
    text(this.count, String(standing));
    attribute(this.count, "data-urgent", urgent ? "true" : null);
  }

  /** The count belongs to the way to the alerts, not to the way back. */
  private badge(): void {
    const here = !this.element.hidden;
    this.count.hidden = this.standing === 0 || here;
    attribute(this.link, "aria-label", this.count.hidden ? null : `Alerts, ${this.standing} standing`);
  }

  update({ problem }: State): void {
    this.opened?.follow();
    if (problem?.status !== 401 || this.asked || location.hash !== "") return;
    this.asked = true; // the way in is on the desk
    location.hash = "#alerts";
  }
}
