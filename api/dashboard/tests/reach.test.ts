import { describe, expect, it } from "vitest";
import { format, parse } from "../src/address";
import { beginning, joined, lastFinal, reaches, reachWord } from "../src/reach";
import { waterfall } from "../src/waterfall";
import { asAttribution } from "../src/wire";
import { changeWords } from "../src/words";
import { market, reading } from "./sample";

const hourly = market({ period: 3_600_000_000, calendar: "24x7", step: 60_000_000 });
const found = asAttribution({
  from: { at: "2020-03-09T20:00:00Z", index: 40 }, to: { at: "2020-03-16T20:00:00Z", index: 60 },
  moved: { total: 20, level: { equity: 12, rates: 1 }, correlation: 6, composition: 1 },
});

describe("the reach of a change", () => {
  it("is offered where it tells something different", () => {
    expect(reaches(market())).toEqual(["final", "week", "month"]);
    expect(reaches(hourly)).toEqual(["final", "day", "week", "month"]);
    expect(reachWord("final", market(), "day")).toBe("day");
    expect(reachWord("final", hourly, "hour")).toBe("hour");
    expect(reachWord("week", hourly, "hour")).toBe("week");
  });

  it("begins by the calendar where sessions do, and to the minute elsewhere", () => {
    const end = Date.parse("2024-03-11T20:00:00Z"); // summer time began the day before
    expect(beginning("week", end, market())).toBe("2024-03-04T23:59:59.999Z");
    expect(beginning("week", end, hourly)).toBe("2024-03-04T20:00:00.000Z");
    expect(beginning("day", end, hourly)).toBe("2024-03-10T20:00:00.000Z");
  });

  it("keeps to the last day of a shorter month", () => {
    expect(beginning("month", Date.parse("2024-03-31T21:00:00Z"), hourly)).toBe("2024-02-29T21:00:00.000Z");
    expect(beginning("month", Date.parse("2024-01-15T21:00:00Z"), market())).toBe("2023-12-15T23:59:59.999Z");
  });

  it("is joined with what a provisional reading says since the last final", () => {
    expect(joined(found, reading())).toEqual({ since: "2020-03-09T20:00:00Z", total: 20, level: { equity: 12, rates: 1 }, correlation: 6, composition: 1 });
    const now = reading({ final: false, index: 70 });
    const change = joined(found, now);
    expect(change.total).toBe(30);
    expect(change.level).toEqual({ equity: 18, rates: 1, credit: 1 });
    const steps = waterfall({ index: now.index, change }, ["equity", "credit"]);
    expect(steps[0]?.value).toBe(40);
    expect(steps.at(-2)?.to).toBeCloseTo(70, 12);
    expect(changeWords({ change }, "over a week")).toBe("Up 30.0 over a week, most of it from Equity");
  });

  it("ends at the last final that a reading knows of", () => {
    expect(lastFinal(reading())).toBe("2020-03-16T20:00:00Z");
    expect(lastFinal(reading({ final: false }))).toBe("2020-03-13T20:00:00Z");
    expect(lastFinal(reading({ final: false, change: null }))).toBeNull();
  });

  it("stands in the address", () => {
    expect(format(parse("?market=us&moved=week"))).toBe("?market=us&moved=week");
    expect(parse("?moved=year").moved).toBe("final");
  });

  it("names the field that a bad answer lacks", () => {
    expect(() => asAttribution({ from: { at: "x" }, to: { at: "x" } })).toThrow('"moved"');
    expect(() => asAttribution({ from: {}, to: {} })).toThrow('"from"');
  });
});
