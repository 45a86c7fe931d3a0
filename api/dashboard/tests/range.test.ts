import { describe, expect, it } from "vitest";
import * as address from "../src/address";
import * as range from "../src/range";
import { within } from "../src/episodes";

const DAY = 86_400_000;
const data = { from: 0, to: 1000 * DAY };

describe("the range", () => {
  it("ends at the newest point for presets, and stays put otherwise", () => {
    expect(range.resolve({ preset: "1D" }, data)).toEqual({ from: 999 * DAY, to: 1000 * DAY });
    expect(range.resolve({ preset: "5Y" }, data)).toEqual(data);
    expect(range.resolve({ from: 5, to: 9 }, data)).toEqual({ from: 5, to: 9 });
  });

  it("offers what makes sense for the market", () => {
    expect(range.offered(data, null)).toEqual(["1D", "1M", "1Y", "all"]);
    expect(range.offered({ from: 0, to: DAY / 4 }, 1000)).toEqual(["15m", "1D", "all"]);
  });

  it("zooms about a time that stays in its place, within the data", () => {
    const span = range.zoom({ from: 400 * DAY, to: 600 * DAY }, 0.5, 450 * DAY, data);
    expect(span).toEqual({ from: 425 * DAY, to: 525 * DAY });
    expect(range.zoom(span, 100, 450 * DAY, data)).toEqual(data);
  });

  it("pans to the ends and no further", () => {
    expect(range.shift({ from: 900 * DAY, to: 990 * DAY }, 50 * DAY, data)).toEqual({ from: 910 * DAY, to: 1000 * DAY });
    expect(range.shift({ from: 10 * DAY, to: 20 * DAY }, -50 * DAY, data)).toEqual({ from: 0, to: 10 * DAY });
  });

  it("is brushed by its edges, its window, or anew", () => {
    const span = { from: 100 * DAY, to: 200 * DAY };
    expect([99, 150, 201, 500].map((d) => range.grip(span, d * DAY, 2 * DAY))).toEqual(["from", "move", "to", "new"]);
    expect(range.drag(span, "from", 0, 250 * DAY, data)).toEqual({ from: 200 * DAY, to: 250 * DAY });
    expect(range.drag(span, "move", 150 * DAY, 160 * DAY, data)).toEqual({ from: 110 * DAY, to: 210 * DAY });
    expect(range.drag(span, "new", 500 * DAY, 2000 * DAY, data)).toEqual({ from: 500 * DAY, to: 1000 * DAY });
  });

  it("finds the nearest point", () => {
    expect([-1, 4, 5, 6, 99].map((at) => range.nearest([0, 10, 20], at))).toEqual([0, 0, 0, 1, 2]);
    expect(range.nearest([], 3)).toBe(-1);
  });

  it("knows the episodes that it touches", () => {
    expect(within(Date.parse("2008-10-01"), Date.parse("2011-08-02")).map((e) => e.short)).toEqual(["Lehman", "Euro"]);
    expect(within(Date.parse("1999-01-01"), Date.parse("2026-01-01"))).toHaveLength(7);
  });
});

describe("the address", () => {
  it("gives back what it was given", () => {
    for (const query of ["", "?market=us-open&range=5Y", "?market=week~r1&from=2008-09-01T00:00:00Z&to=2009-03-01T00:00:00Z&cursor=2008-10-10T20:00:00Z&form=z_mean&matrix=instruments"]) {
      expect(address.format(address.parse(query))).toBe(query);
    }
  });

  it("leaves what it does not understand at its default", () => {
    expect(address.parse("?range=9Y&from=x&to=y&cursor=z&matrix=q")).toEqual({ market: null, range: { preset: "all" }, cursor: null, form: null, matrix: "segments", moved: "final" });
    expect(address.parse("?from=2020-01-02&to=2020-01-01").range).toEqual({ preset: "all" });
  });
});
