/** The desk: what stands and was, silences, rules, receivers; one part at a time, named in the address. */

import "./alerts.css";
import { attribute, h } from "../dom";
import type { State } from "../store";
import { loadSession, session } from "./client";
import { Board } from "./list";
import { Notices } from "./notices";
import { People } from "./people";
import { Receivers } from "./receivers";
import { Rules } from "./rules";
import { byLink, who } from "./session";
import { Silences } from "./silences";
import { Watch } from "./watch";
import type { Told } from "./wire";

interface Part {
  element: HTMLElement;
  load(): Promise<void>;
}

const PARTS: readonly [string, string][] = [["", "Alerts"], ["silences", "Silences"], ["rules", "Rules"], ["receivers", "Receivers"], ["people", "People"]];

/** Somebody else looks now: the feed and every part begin anew with what they may do; the address holds the rest. */
const anew = (): void => location.reload();

export class Desk {
  private readonly notices = new Notices();
  private readonly tabs = h("nav", { class: "tabs", "aria-label": "Parts of the alerts" });
  private readonly who = h("div", {});
  private readonly place = h("div", { class: "desk-part" });
  private readonly watch: Watch;
  private parts: Map<string, Part> | null = null;
  private shown = "";
  private market: string | null = null;
  readonly element = h("div", { class: "desk" }, h("div", { class: "row desk-head" }, this.tabs, h("div", { class: "row" }, this.notices.element, this.who)), this.place);

  constructor(private readonly state: State, private readonly told: (standing: Told[]) => void) {
    this.watch = new Watch(({ standing, fresh, fault }) => {
      this.board?.update(standing, fault);
      if (fault === null) this.told(standing);
      this.notices.tell(fresh);
    }, () => this.notices.sounds || this.notices.notifies);
    void this.watch.look();
  }

  private get board(): Board | null {
    const found = this.parts?.get("");
    return found instanceof Board ? found : null;
  }

  /** Shows a part; made at first sight, when it is known who looks. */
  async show(part: string): Promise<void> {
    this.watch.hurry(true);
    if (this.parts === null) {
      await loadSession();
      const board = new Board(() => void this.watch.look());
      this.parts = new Map<string, Part>([["", board], ["silences", new Silences()], ["rules", new Rules(this.state)], ["receivers", new Receivers()]]);
      if (session() !== null) this.parts.set("people", new People()); // a server without sessions knows no people
      this.who.replaceChildren(who(anew));
      board.update(this.watch.standing, this.watch.fault);
    }
    if (part.startsWith("link=")) byLink(part.slice(5), anew);
    this.shown = this.parts.has(part) ? part : "";
    this.tabs.replaceChildren(...PARTS.filter(([key]) => this.parts?.has(key)).map(([key, words]) => {
      const link = h("a", { href: `#alerts${key === "" ? "" : `/${key}`}` }, words);
      attribute(link, "aria-current", key === this.shown ? "page" : null);
      return link;
    }));
    const found = this.parts.get(this.shown);
    if (found === undefined) return;
    if (this.place.firstElementChild !== found.element) this.place.replaceChildren(found.element);
    this.market = this.state.address.market;
    await found.load();
  }

  /** Nobody looks at the desk any more; what stands is still counted. */
  rest(): void {
    this.watch.hurry(false);
  }

  /** Rules are those of the market that the page shows. */
  follow(): void {
    if (this.shown === "rules" && this.market !== this.state.address.market && this.state.market !== null) void this.show("rules");
  }
}
