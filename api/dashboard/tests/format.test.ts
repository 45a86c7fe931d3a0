import { describe, expect, it } from "vitest";
import * as format from "../src/format";
import { csv } from "../src/csv";

describe("numbers", () => {
  it("have fixed decimals, a true minus, and a dash for nothing", () => {
    expect(format.fixed(34.25)).toBe("34.3");
    expect(format.fixed(-0.04)).toBe("0.0");
    expect(format.fixed(-1.25, 2)).toBe("−1.25");
    expect(format.fixed(null)).toBe("–");
    expect(format.fixed(Number.NaN)).toBe("–");
  });

  it("show the sign of a change", () => {
    expect(format.signed(1.2)).toBe("+1.2");
    expect(format.signed(-1.2)).toBe("−1.2");
    expect(format.signed(0.001)).toBe("0.0");
  });

  it("keep raw values of any size readable", () => {
    expect(format.compact(4512.3)).toBe("4,512");
    expect(format.compact(2_500_000)).toBe("2.50 M");
    expect(format.compact(0.000123)).toBe("0.000123");
    expect(format.compact(0)).toBe("0.000");
    expect(format.compact(-0.0123)).toBe("−0.0123");
  });
});

describe("times", () => {
  const at = Date.parse("2020-05-12T09:05:07Z");

  it("are UTC", () => {
    expect(format.moment(at)).toBe("12 May 2020, 09:05 UTC");
    expect(format.moment(at, true)).toBe("12 May 2020, 09:05:07 UTC");
    expect(format.weekday(at)).toBe("Tue 12 May 2020");
    expect(format.between(at, at + 60_000)).toBe("09:05:07 to 09:06:07 UTC, 12 May 2020");
    expect(format.between(at, at + 2 * 86_400_000)).toBe("12 May 2020 to 14 May 2020");
  });

  it("have ages in words", () => {
    expect([5, 130, 3700, 90_000, 86_400 * 800].map(format.age)).toEqual(["5 s", "2 min", "1 h 01 min", "1 day", "2 years"]);
    expect([5, 3600, 7200, 86_400 * 40, 86_400 * 800].map(format.shortAge)).toEqual(["5 s", "60 min", "2 h", "40 d", "2 y"]);
  });

  it("stand below ticks as fine as the ticks are apart", () => {
    const s = at / 1000;
    expect(format.tick(s, 365 * 86_400)).toBe("2020");
    expect(format.tick(s, 31 * 86_400)).toBe("May 2020");
    expect(format.tick(s, 86_400)).toBe("12 May");
    expect(format.tick(s, 60)).toBe("09:05");
    expect(format.tick(s, 5)).toBe("09:05:07");
    expect(format.tick(Date.parse("2020-05-12") / 1000, 3600)).toBe("12 May");
  });
});

describe("CSV", () => {
  it("quotes what needs it and disarms formulas", () => {
    expect(csv(["a", "b,c"], [[1, null], ['say "x"', "=1+1"], [true, -2]])).toBe("a,\"b,c\"\r\n1,\r\n\"say \"\"x\"\"\",'=1+1\r\ntrue,-2\r\n");
  });
});
