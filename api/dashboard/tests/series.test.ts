import { describe, expect, it } from "vitest";
import { Series, thin } from "../src/series";
import { stack } from "../src/stack";
import { histogram, quantiles } from "../src/past";
import { reading } from "./sample";

const at = (s: number): string => new Date(Date.UTC(2020, 0, 1) + s * 1000).toISOString();

describe("the series", () => {
  it("puts history and live readings in one order, whichever came first", () => {
    const series = new Series();
    series.push(reading({ at: at(130), final: false, index: 3 }));
    series.load([reading({ at: at(60), index: 1 }), reading({ at: at(120), index: 2 })], []);
    expect(series.columns().index).toEqual([1, 2, 3]);
    expect(series.columns().final).toEqual([true, true, false]);
    series.push(reading({ at: at(180), index: 4 }));
    expect(series.columns().index).toEqual([1, 2, 3, 4]);
    expect(series.pastFinals().values).toEqual([1, 2, 4]);
  });

  it("keeps times ascending and takes nothing twice", () => {
    const series = new Series();
    const finals = [60, 120, 180].map((s) => reading({ at: at(s), index: s }));
    const fine = [121, 122, 180].map((s) => reading({ at: at(s), final: s === 180, index: s }));
    series.load(finals, fine);
    series.push(reading({ at: at(180), index: 180 }));
    series.push(reading({ at: at(100), final: false, index: 0 }));
    expect(series.columns().index).toEqual([60, 120, 121, 122, 180]);
  });

  it("replaces a provisional reading by a newer one of the same second, and by the final of the same time", () => {
    const series = new Series();
    series.push(reading({ at: "2020-01-01T00:00:01.100Z", final: false, index: 1 }));
    series.push(reading({ at: "2020-01-01T00:00:01.900Z", final: false, index: 2 }));
    expect(series.columns().index).toEqual([2]);
    series.push(reading({ at: "2020-01-01T00:00:02Z", final: false, index: 3 }));
    series.push(reading({ at: "2020-01-01T00:00:02Z", final: true, index: 4 }));
    expect(series.columns().index).toEqual([2, 4]);
  });

  it("stays bounded over a day of a reading per second", () => {
    const series = new Series(100, 1000);
    for (let s = 0; s < 86_400; s++) series.push(reading({ at: at(s), final: s % 3600 === 0, index: s % 100 }));
    expect(series.length).toBeLessThanOrEqual(1100);
    const { seconds } = series.columns();
    expect(seconds.every((t, i) => i === 0 || t > (seconds[i - 1] as number))).toBe(true);
    expect(seconds.at(-1)).toBe(Date.parse(at(86_399)) / 1000);
  });

  it("leaves a gap where there is no information, and zero for a segment that was away", () => {
    const series = new Series();
    series.push(reading({ at: at(1), index: null, contributions: {} }));
    series.push(reading({ at: at(2), index: 40, contributions: { equity: 40 } }));
    series.push(reading({ at: at(3), index: 60, contributions: { equity: 40, credit: 20 } }));
    expect(series.columns().contributions).toEqual({ equity: [null, 40, 40], credit: [null, 0, 20] });
  });

  it("thins to the last of every bucket and every final", () => {
    const points = [0, 10, 59, 60, 70].map((s) => ({ at: s * 1000, final: s === 10 }));
    expect(thin(points, 60_000).map((p) => p.at / 1000)).toEqual([10, 59, 70]);
  });
});

describe("the stack", () => {
  it("ends at the index, and stays exact with a negative part", () => {
    const { low, high, min, max } = stack([[10, 5], [20, -3], [5, 4]], 2);
    expect(high.map((h) => h[0])).toEqual([10, 30, 35]);
    expect(low.map((l) => l[1])).toEqual([0, -3, 5]);
    expect(high.map((h) => h[1])).toEqual([5, 0, 9]);
    expect([min, max]).toEqual([-3, 35]);
  });

  it("has no edge where nothing is known", () => {
    const { low, high } = stack([[null, 1]], 2);
    expect([low[0]?.[0], high[0]?.[0]]).toEqual([null, null]);
  });
});

describe("the past", () => {
  it("is counted in bins, 100 in the last", () => {
    expect(histogram([0, 9, 10, 100, null, 50], 10)).toEqual([2, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  it("has quantiles by interpolation", () => {
    expect(quantiles([4, null, 0, 2], [0, 0.5, 0.75, 1])).toEqual([0, 2, 3, 4]);
    expect(quantiles([null], [0.5])).toEqual([]);
  });
});
