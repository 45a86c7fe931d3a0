/** The frame of every part of the page: a question, a sentence, the chart, and what can be taken away. */

import { h, type Child } from "../dom";

export interface Card {
  element: HTMLElement;
  lead: HTMLElement;
  tools: HTMLElement;
  body: HTMLElement;
}

export function card(id: string, heading: string, ...body: Child[]): Card {
  const lead = h("p", { class: "lead" });
  const tools = h("div", { class: "tools" });
  const inside = h("div", { class: "inside" }, ...body);
  const head = h("header", {}, h("div", {}, h("h2", { id: `${id}-heading` }, heading), lead), tools);
  const element = h("section", { class: `card ${id}`, id, "aria-labelledby": `${id}-heading` }, head, inside);
  return { element, lead, tools, body: inside };
}
