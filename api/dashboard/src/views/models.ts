/** Trained models: the version in force, its challenger, what became of either, and how each does. */

import { h, text } from "../dom";
import { term } from "../glossary";
import type { ModelRow } from "../scores/wire";
import { expertName, isShadow, modelSkill, modelWords, share } from "../scores/words";
import type { State, View } from "../store";
import { listed } from "../words";

const COLUMNS = ["Model", "Version", "Role", "Weight", "than “as now”"] as const;

/** Stands below the experts: models are some of them. */
export class ModelsTable implements View {
  readonly element: HTMLElement;
  private readonly sentence = h("p", { class: "quiet" });
  private readonly body = h("tbody", {});
  private readonly table: HTMLElement;

  constructor() {
    const head = h("tr", {}, ...COLUMNS.map((words, i) => h("th", { scope: "col", class: i === 0 ? "name" : "" }, term(words))));
    const table = h("table", { class: "data models" }, h("thead", {}, head), this.body);
    this.table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Models" }, table);
    this.element = h("div", { id: "models" }, this.sentence, this.table);
  }

  update(state: State): void {
    const named = Object.entries(state.reading?.models ?? {}).filter(([name]) => !isShadow(name));
    const force = named.map(([name, version]) => `${expertName(name)} ${version}`);
    text(this.sentence, force.length === 0 ? "No trained model is in force: these experts learn with every final." : `In force: ${listed(force)}.`);
    const rows = state.details?.models ?? [];
    this.table.hidden = rows.length === 0;
    const key = JSON.stringify(rows);
    if (this.body.dataset["key"] === key) return;
    this.body.dataset["key"] = key;
    this.body.replaceChildren(...rows.map(modelRow));
  }
}

function modelRow(row: ModelRow): HTMLElement {
  return h("tr", { class: row.reason === null ? "" : "old", "data-model": `${row.name} ${row.role}` },
    h("th", { scope: "row" }, expertName(row.name)),
    h("td", {}, row.version ?? "–"),
    h("td", { class: "role" }, modelWords(row)),
    h("td", {}, row.role === "champion" && row.weight !== null ? share(row.weight) : "–"),
    h("td", { class: "skill" }, modelSkill(row)));
}
