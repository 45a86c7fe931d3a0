import { describe, expect, it } from "vitest";
import { expertName, modelSkill, modelWords } from "../src/scores/words";
import { swaps } from "../src/scores/marks";
import { Series } from "../src/series";
import { reading } from "./sample";
import type { ModelRow } from "../src/scores/wire";

function row(over: Partial<ModelRow> = {}): ModelRow {
  return { name: "lstm", role: "champion", ordered: "2", version: "2", kind: "forecast", periods: 1, reason: null,
    weight: 0.2, skill: 0.012, surprise: null, probability: null, ...over };
}

describe("models in words", () => {
  it("says what became of each", () => {
    expect(modelWords(row())).toBe("in force");
    expect(modelWords(row({ role: "challenger" }))).toBe("in the shadow: judged, not used");
    expect(modelWords(row({ ordered: "3", reason: "wrong_hash" }))).toBe("3 stays out: wrong hash");
    expect(modelWords(row({ ordered: null, version: null, kind: null }))).toBe("retired");
    expect(modelWords(row({ role: "challenger", version: null, kind: null }))).toBe("promoted to champion");
  });

  it("says how each does, by what it is for", () => {
    expect(modelSkill(row())).toBe("1.2 % better");
    expect(modelSkill(row({ skill: null }))).toBe("not known yet");
    expect(modelSkill(row({ kind: "anomaly", probability: 0.004 }))).toBe("0.4 % as unusual");
    expect(modelSkill(row({ kind: "anomaly" }))).toBe("not known yet");
  });

  it("marks where another version came into force, and no challenger", () => {
    const series = new Series();
    const at = (n: number) => `2020-03-16T20:0${n}:00Z`;
    const said = [undefined, { lstm: "1" }, { lstm: "1", "lstm:challenger": "2" }, { lstm: "2" }];
    series.load(said.map((models, n) => reading({ at: at(n), ...(models === undefined ? {} : { models }) })), []);
    expect(swaps(series.columns()).map((mark) => [mark.at, mark.words])).toEqual([
      [Date.parse(at(1)) / 1000, "LSTM 1"], [Date.parse(at(3)) / 1000, "LSTM 2"],
    ]);
  });

  it("names a challenger among the experts", () => {
    expect(expertName("lstm:challenger")).toBe("LSTM, challenger");
    expect(expertName("lstm")).toBe("LSTM");
    expect(expertName("us-open-vae")).toBe("VAE");
    expect(expertName("own-idea")).toBe("Own idea");
  });
});
