import { describe, expect, it } from "vitest";
import { extent, indicatorsOf, waterfall } from "../src/waterfall";
import { asDetails, asReading, marketKey, type Details } from "../src/wire";
import { market, reading } from "./sample";
import { readFileSync } from "node:fs";
import definitions from "../glossary.json";

describe("the waterfall", () => {
  it("leads from the last final to now, one step per cause, in the order of the market", () => {
    const steps = waterfall(reading(), ["credit", "equity"]);
    expect(steps.map((s) => s.name)).toEqual(["start", "credit", "equity", "correlation", "composition", "end"]);
    expect(steps[0]?.value).toBe(50);
    expect(steps.at(-2)?.to).toBeCloseTo(60, 12);
    steps.slice(1, -1).forEach((s, i) => expect(s.from).toBe(steps[i]?.to));
  });

  it("has nothing to say before two finals", () => {
    expect(waterfall(reading({ change: null }), [])).toEqual([]);
  });

  it("is never drawn on less than two points", () => {
    const still = { since: "2020-03-13T20:00:00Z", total: 0, level: {}, correlation: 0, composition: 0 };
    const [low, high] = extent(waterfall(reading({ change: still }), []));
    expect(high - low).toBeCloseTo(2);
  });

  it("opens to indicators, the largest first, against the final before", () => {
    const row = (name: string, segment: string, contribution: number): Details["indicators"][number] => ({ name, segment, kind: "cmax", raw: 1, score: 1, contribution, weight: 1, age_s: 0 });
    const details = asDetails({ at: "2020-01-02T00:00:00Z", indicators: [row("a", "equity", 1), row("b", "equity", -3), row("c", "credit", 9)] });
    const before = asDetails({ at: "2020-01-01T00:00:00Z", indicators: [row("a", "equity", 0.5)] });
    expect(indicatorsOf("equity", details, before).map(({ row: r, was }) => [r.name, was])).toEqual([["b", null], ["a", 0.5]]);
    expect(indicatorsOf("equity", null, null)).toEqual([]);
  });
});

describe("the wire", () => {
  it("names the field that a bad reading lacks", () => {
    expect(() => asReading({ market: "us", at: "yesterday", final: true, index: 1, contributions: {} })).toThrow('"at"');
    expect(() => asReading({ market: "us", at: "2020-01-01T00:00:00Z", final: true, index: "1", contributions: {} })).toThrow('"index"');
    expect(() => asDetails({ at: "2020-01-01T00:00:00Z" })).toThrow('"indicators"');
  });

  it("keeps what later versions add", () => {
    expect(asReading({ ...reading(), regime: "calm" })).toMatchObject({ regime: "calm" });
  });

  it("asks for a replay by its run", () => {
    expect(marketKey(market({ name: "week", run: "r1" }))).toBe("week~r1");
    expect(marketKey(market({ name: "week~r1", run: "r1" }))).toBe("week~r1");
    expect(marketKey(market())).toBe("us");
  });
});

describe("the glossary", () => {
  it("is the one of the documentation", () => {
    const page = readFileSync(new URL("../../../docs/page.md", import.meta.url), "utf8");
    for (const [name, meaning] of Object.entries(definitions)) {
      expect(page).toContain(`| ${name.replaceAll("_", " ")} | ${meaning} |`);
    }
  });
});
