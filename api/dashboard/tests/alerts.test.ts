import { describe, expect, it } from "vitest";
import { rule, words } from "../src/alerts/draft";
import { byUrgency, covers, handled, left, offsets, place, span, standing } from "../src/alerts/words";
import type { Alert, Kinds, Told } from "../src/alerts/wire";

const ALERT: Alert = {
  id: "a", fingerprint: "f", state: "alerting", rule: "High stress", version: 1, market: "us", severity: "warning", segment: "", began_at: "2026-11-20T14:31:00Z",
  ended_at: null, condition: "index > 80", value: 81.5, about: "", reading: null,
};
const told = (alert: Partial<Alert>, more: Partial<Told> = {}): Told => ({ alert: { ...ALERT, ...alert }, unsent: null, sent_at: null, acknowledged_by: null, ...more });
const KINDS: Kinds = { kept: true, rules: { expression: { needs: ["when"], may: ["until"] }, rate: { needs: ["window"], may: ["of", "above", "below", "clear"] }, correlation: { needs: [], may: ["between", "above"] } }, receivers: {} };

describe("durations", () => {
  it("are written in the largest whole unit", () => {
    expect([14_400e6, 0, 90e6, 30 * 86_400e6, 1_500_000, 1, "5m", null].map(span)).toEqual(["4h", "0s", "90s", "30d", "1500ms", "1us", "5m", ""]);
  });
});

describe("the list", () => {
  it("shows the most urgent first, then those that nobody has, then the newest", () => {
    const listed = [
      told({ id: "old", began_at: "2026-11-20T10:00:00Z" }), told({ id: "taken", severity: "critical", state: "acknowledged" }),
      told({ id: "new" }), told({ id: "open", severity: "critical" }), told({ id: "info", severity: "info" }),
    ];
    expect(listed.sort(byUrgency).map((t) => t.alert.id)).toEqual(["open", "taken", "new", "old", "info"]);
  });

  it("says what people have done", () => {
    expect(handled(told({}))).toBe("nobody has it yet · not sent yet");
    expect(handled(told({ state: "acknowledged" }, { acknowledged_by: "ann", unsent: "silenced" }))).toBe("acknowledged by ann · silenced");
    expect(handled(told({ state: "resolved" }, { unsent: "run" }))).toBe("ended · of a replay: nobody is told");
  });

  it("counts", () => {
    expect(standing([])).toBe("No alert stands.");
    expect(standing([told({})])).toBe("1 alert stands; nobody has acknowledged it.");
    expect(standing([told({}), told({ state: "acknowledged" })])).toBe("2 alerts stand, 1 of them not acknowledged.");
  });
});

describe("silences", () => {
  const silence = { id: "s", author: "ann", reason: "r", market: "us", rule: null, severity: null, segment: null, begins_at: "2026-11-20T14:00:00Z", ends_at: "2026-11-20T16:00:00Z", ended_by: null };
  it("say what they cover and for how long", () => {
    expect(covers(silence)).toBe("us");
    expect(covers({ ...silence, market: null })).toBe("every alert of every market");
    expect(left(silence, Date.parse("2026-11-20T15:00:00Z"))).toBe("1 h 00 min left, until 20 Nov 2026, 16:00 UTC");
    expect(left(silence, Date.parse("2026-11-20T17:00:00Z"))).toBe("ended 20 Nov 2026, 16:00 UTC");
    expect(left({ ...silence, ended_by: "bob" }, 0)).toBe("ended by bob");
  });
});

describe("faults", () => {
  const message = "Rule cannot be used: line 2, column 7: indx is no field of this market; did you mean index?\n  and   indx > 3\n        ^^^^";
  it("are found where they stand", () => {
    const at = place(message);
    expect(at).toEqual({ line: 2, column: 7, length: 4 });
    const text = "index > 3\nand   indx > 3";
    const [from, to] = offsets(text, at ?? { line: 0, column: 0, length: 0 });
    expect(text.slice(from, to)).toBe("indx");
    expect(place("needs window")).toBeNull();
    expect(offsets("short", { line: 1, column: 99, length: 5 })).toEqual([5, 5]);
  });
});

describe("a rule that is written", () => {
  it("holds what its kind takes and nothing that is empty", () => {
    const form = { kind: "rate", name: " Fast ", when: "index > 1", window: "1h", above: "8", below: "", clear: "", severity: "error", about: "", receivers: ["desk"], enabled: true };
    expect(rule(form, KINDS)).toEqual({ kind: "rate", name: "Fast", window: "1h", above: 8, severity: "error", receivers: ["desk"], enabled: true });
    expect(rule({ kind: "rate", window: "1h", above: "much" }, KINDS)["above"]).toBe("much"); // the server says what is wrong with it
    expect(rule({ kind: "correlation", between: "credit, equity", above: "0.5" }, KINDS)["between"]).toEqual(["credit", "equity"]);
  });

  it("comes back into its form", () => {
    expect(words({ kind: "rate", window: 3_600e6, above: 8, receivers: ["a", "b"] })).toEqual({ kind: "rate", window: "1h", above: "8", receivers: "a, b" });
  });
});

