import { describe, expect, it } from "vitest";
import * as words from "../src/words";
import { due, EVERY } from "../src/announce";
import type { Details } from "../src/wire";
import { market, reading } from "./sample";

const HOUR = 3_600_000_000;

describe("the sentences", () => {
  it("puts the percentile in words, with the unit of the market's period", () => {
    const first = Date.parse("1999-01-04T21:00:00Z");
    expect(words.percentileWords(reading({ percentile: 93.4 }), market(), first)).toBe("Higher than 93 % of days since 1999");
    expect(words.percentileWords(reading({ percentile: 99.6 }), market({ period: HOUR }), null)).toBe("Higher than 99.6 % of hours");
    expect(words.percentileWords(reading({ percentile: null }), market(), first)).toBe("");
  });

  it("says how sure it is, and which remembered days it stands above", () => {
    expect(words.bandWords(reading({ band: 0.84, above: "2023-03-13", below: "2020-03-16" }))).toBe(
      "Give or take 0.8 points as inputs drop out. Above 13 Mar 2023, not above 16 Mar 2020.",
    );
    expect(words.bandWords(reading({ band: null, above: null, below: "2020-03-16" }))).toBe("Not above 16 Mar 2020.");
    expect(words.bandWords(reading())).toBe("");
  });

  it("finds when it was last as high, before now only", () => {
    expect(words.lastAsHigh(50, [1, 2, 3, 4], [60, 55, null, 90], 4)).toBe(2);
    expect(words.lastAsHigh(95, [1, 2, 3, 4], [60, 55, null, 90], 5)).toBeNull();
    expect(words.lastAsHighWords(null, 0)).toBe("never as high before");
    expect(words.lastAsHighWords(Date.parse("2020-05-12T21:00:00Z"), Date.parse("2020-06-01"))).toBe("last as high on 12 May 2020");
  });

  it("says when a provisional reading closes", () => {
    const open = reading({ final: false, at: "2020-03-16T15:00:00Z" });
    const hours: [string, string][] = [["2020-03-16T13:30:00Z", "2020-03-16T20:00:00Z"]];
    expect(words.markWords(open, market({ hours }))).toBe("Provisional, closes 20:00 UTC");
    expect(words.markWords(open, market())).toBe("Provisional: as if the period ended now");
    expect(words.markWords({ ...open, at: "2020-03-16T15:10:00Z" }, market({ period: HOUR, calendar: "24x7" }))).toBe("Provisional, closes 16:00 UTC");
    expect(words.markWords(reading(), market())).toContain("Final");
  });

  it("says when a closed market opens, and nothing about replays", () => {
    const hours: [string, string][] = [["2020-03-16T13:30:00Z", "2020-03-16T20:00:00Z"]];
    const friday = Date.parse("2020-03-13T20:00:00Z");
    expect(words.hoursWords(market({ hours }), Date.parse("2020-03-15T12:00:00Z"), friday)).toBe("Closed until Mon 16 Mar 2020 13:30 UTC");
    expect(words.hoursWords(market({ hours }), Date.parse("2020-03-16T14:00:00Z"), friday)).toBe("Open until 20:00 UTC");
    expect(words.hoursWords(market({ hours, run: "r1" }), Date.parse("2020-03-15T12:00:00Z"), friday)).toBe("");
  });

  it("says of a market whose readings have ended where they end, not when its exchange opens", () => {
    const hours: [string, string][] = [["2020-03-16T13:30:00Z", "2020-03-16T20:00:00Z"]];
    const now = Date.parse("2020-03-15T12:00:00Z");
    expect(words.hoursWords(market({ hours }), now, Date.parse("2018-12-31T21:00:00Z"))).toBe("The history ends on 31 Dec 2018: nothing newer has come");
    expect(words.hoursWords(market({ hours, run: "r1" }), now, Date.parse("2018-12-31T21:00:00Z"))).toBe("");
    expect(words.hoursWords(market({ hours: null }), now, Date.parse("2018-12-31T21:00:00Z"))).toBe("");
  });

  it("names the segments that are missing", () => {
    expect(words.coverageWords(reading(), market())).toBe("All 2 segments live");
    expect(words.coverageWords(reading({ contributions: { equity: 40 }, coverage: 0.5 }), market())).toBe("1 of 2 segments live; Credit is missing");
    expect(words.coverageWords(reading({ coverage: 0.75 }), market())).toContain("75 % of the inputs");
  });

  it("names the inputs that are missing in segments that are there", () => {
    const given = market({ segments: [
      { name: "equity", weight: 1, indicators: ["a", "b", "c", "d", "e"].map((name) => ({ name, kind: "cmax", of: [], weight: name === "c" ? 0 : 1 })) },
      { name: "credit", weight: 1, indicators: [{ name: "spread", kind: "cmax", of: [] }] },
    ] });
    const row = (name: string, score: number | null, age_s: number | null = null) => ({ name, segment: "equity", kind: "cmax", raw: 1, score, contribution: 0, weight: 1, age_s });
    const details = (...rows: ReturnType<typeof row>[]) => ({ indicators: rows, stale: [] }) as unknown as Details;
    // c is only watched, d ended long ago
    const most = details(row("a", 0.5), row("b", null, 3600), row("c", null), row("d", null, 1e8), row("e", null), row("spread", 0.5));
    expect(words.coverageWords(reading({ coverage: 0.8 }), given, most)).toBe("2 of 2 segments live; 80 % of the inputs by weight are live, without b and e");
    const all = details(...["a", "b", "d", "e", "spread"].map((name) => row(name, null)));
    expect(words.coverageWords(reading({ coverage: 0.3 }), given, all)).toBe("2 of 2 segments live; 30 % of the inputs by weight are live, without a, b, d and 2 more");
    expect(words.coverageWords(reading({ coverage: 0.3 }), given, null)).toBe("2 of 2 segments live; 30 % of the inputs by weight are live");
    expect(words.missingInputs(given, reading({ contributions: { credit: 40 } }), all)).toEqual(["spread"]);
  });

  it("says of a young market when something will be there", () => {
    const hours: [string, string][] = [["2020-03-16T13:30:00Z", "2020-03-16T20:00:00Z"]];
    const now = Date.parse("2020-03-15T12:00:00Z");
    expect(words.youngWords(market({ hours }), 0, now)).toBe("Nothing yet: a line begins with the first two days. The next day closes on 16 Mar 2020, 20:00 UTC.");
    const hourly = market({ period: HOUR, calendar: "24x7" });
    expect(words.youngWords(hourly, 1, now)).toBe("One value so far: a line begins with the first two hours. The next hour closes at 13:00 UTC.");
    expect(words.youngWords(hourly, 2, now)).toBe("");
    expect(words.youngWords(market(), 0, now)).toBe("Nothing yet: a line begins with the first two days.");
    expect(words.nextClose(market({ ...hourly, run: "r1" }), now)).toBeNull();
  });

  it("says how old inputs and which were left out", () => {
    expect(words.stalenessWords(reading(), null)).toBe("The oldest live input was 1 h 00 min old; none left out");
    expect(words.stalenessWords(reading({ staleness: { max_s: null, stale: 2 } }), null)).toBe("No live input; 2 left out as too old");
  });

  it("tells what moved it, and calls correlation by its name", () => {
    expect(words.changeWords(reading())).toBe("Up 10.0 since the last final, most of it from Equity");
    const by = { since: "2020-03-13T20:00:00Z", total: -4, level: { equity: 1 }, correlation: -5, composition: 0 };
    expect(words.changeWords(reading({ change: by }))).toBe("Down 4.0 since the last final, most of it from segments moving together differently");
    expect(words.changeWords(reading({ change: { ...by, total: 0.01 } }))).toBe("Unchanged since the last final");
    expect(words.changeWords(reading({ change: null }))).toBe("");
  });

  it("is announced when it changed, at most every ten seconds", () => {
    expect(words.announcement(reading(), market())).toBe("us: 60.0 of 100, severe, higher than 98 percent of the past, final.");
    expect(due("b", { words: "a", at: 0 }, EVERY - 1)).toBe(false);
    expect(due("b", { words: "a", at: 0 }, EVERY)).toBe(true);
    expect(due("a", { words: "a", at: 0 }, 10 * EVERY)).toBe(false);
  });
});
