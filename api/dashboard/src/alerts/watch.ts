/** Asks what stands: once a second while somebody looks at the desk, less often beside the index or in a hidden tab. */

import { alerts, kinds } from "./client";
import type { Told } from "./wire";

const LOOKED_AT = 1_000;
const BESIDE = 3_000;
const HIDDEN = 5_000;
const AWAY = 5_000;

export interface Seen {
  standing: Told[];
  /** Those that had not been there before; nothing the first time. */
  fresh: Told[];
  fault: Error | null;
}

export class Watch {
  standing: Told[] = [];
  fault: Error | null = null;
  private known: Set<string> | null = null;
  private timer = 0;
  private kept: boolean | null = null;
  private asking = false;
  private pace = BESIDE;

  constructor(private readonly seen: (what: Seen) => void, private readonly wanted: () => boolean) {
    document.addEventListener("visibilitychange", () => !document.hidden && void this.look());
  }

  /** Looks now, and then again and again. */
  async look(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      this.kept ??= (await kinds()).kept; // an API without PostgreSQL keeps no alerts: it is asked once
      if (!this.kept) throw new Error("This API keeps no alerts: it has no PostgreSQL");
      this.took((await alerts({ state: "alerting", limit: 500 })).alerts);
    } catch (error) {
      this.fault = error instanceof Error ? error : new Error(String(error));
      this.seen({ standing: this.standing, fresh: [], fault: this.fault });
    }
    this.asking = false;
    clearTimeout(this.timer);
    if (this.kept === false) return;
    if (!document.hidden) this.timer = window.setTimeout(() => void this.look(), this.fault === null ? this.pace : AWAY);
    else if (this.wanted()) this.timer = window.setTimeout(() => void this.look(), HIDDEN);
  }

  /** Whether somebody looks at the desk. */
  hurry(looked: boolean): void {
    this.pace = looked ? LOOKED_AT : BESIDE;
    if (looked) void this.look();
  }

  private took(standing: Told[]): void {
    const known = this.known;
    const fresh = known === null ? [] : standing.filter((t) => !known.has(t.alert.id));
    this.known = new Set([...(known ?? []), ...standing.map((t) => t.alert.id)]);
    this.standing = standing;
    this.fault = null;
    this.seen({ standing, fresh, fault: null });
  }
}
