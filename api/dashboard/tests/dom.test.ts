import { describe, expect, it } from "vitest";
import { pieces, unbroken } from "../src/dom";

describe("text", () => {
  it("keeps a number and its unit in one line", () => {
    expect(unbroken("held 90.8 % of 480 outcomes")).toBe("held 90.8\u00a0% of 480 outcomes");
    expect(unbroken("2 h 05 min ago, at 21:00 UTC")).toBe("2\u00a0h 05\u00a0min ago, at 21:00\u00a0UTC");
    expect(unbroken("5 of 6 segments; 3 sessions")).toBe("5 of 6 segments; 3 sessions");
  });

  it("tells what is to be typed by its backticks, and leaves a lone one alone", () => {
    expect(pieces("See `esi status`, and `esi doctor`.")).toEqual(["See ", "esi status", ", and ", "esi doctor", "."]);
    expect(pieces("a lone ` stays")).toEqual(["a lone ` stays"]);
    expect(pieces("")).toEqual([""]);
  });
});
