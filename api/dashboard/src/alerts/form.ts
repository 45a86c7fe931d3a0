/** What the forms of the alerts have in common: labelled controls, a place for faults, buttons that say why they rest. */

import { attribute, type Child, h, prose, text } from "../dom";
import { barred, person, type Scope } from "./client";

export type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
let count = 0;

/** A control with its label and, below it, a hint. */
export function labelled(label: string, control: Control, hint: string | null = null, wide = false): HTMLElement {
  control.id ||= `control-${++count}`;
  const said = hint === null ? null : h("small", { id: `${control.id}-hint` }, hint);
  if (said !== null) control.setAttribute("aria-describedby", said.id);
  return h("div", { class: wide ? "field wide-field" : "field" }, h("label", { for: control.id }, label), control, said);
}

export function input(value = "", props: Record<string, string | number | boolean> = {}): HTMLInputElement {
  return h("input", { type: "text", autocomplete: "off", spellcheck: "false", value, ...props });
}

export function choice(options: readonly (string | [string, string])[], value: string): HTMLSelectElement {
  const made = options.map((o) => (typeof o === "string" ? [o, o] : o)).map(([key = "", words = ""]) => h("option", { value: key, selected: key === value }, words));
  return h("select", {}, ...made);
}

export function checkbox(label: string, checked: boolean, changed?: (on: boolean) => void): { element: HTMLElement; box: HTMLInputElement } {
  const box = h("input", { type: "checkbox", checked });
  if (changed !== undefined) box.addEventListener("change", () => changed(box.checked));
  return { element: h("label", { class: "check" }, box, label), box };
}

/** A button that does something; while it does, it rests, and a fault is told where `fault` stands. */
export function doing(label: string, work: () => Promise<unknown>, fault: Fault, kind = "button"): HTMLButtonElement {
  const button = h("button", { type: "button", class: kind, onclick: () => void run() }, label);
  const run = async (): Promise<void> => {
    button.disabled = true;
    await fault.around(work);
    button.disabled = false;
  };
  return button;
}

/** A button that asks once more before it does what cannot be taken back. */
export function twice(label: string, sure: string, work: () => Promise<unknown>, fault: Fault): HTMLButtonElement {
  const button = h("button", { type: "button", class: "link" }, label);
  const calm = (): void => void (text(button, label), button.classList.remove("sure"));
  button.addEventListener("blur", calm);
  button.addEventListener("click", () => {
    if (!button.classList.contains("sure")) {
      text(button, sure);
      return button.classList.add("sure");
    }
    calm();
    void fault.around(work);
  });
  return button;
}

/** Lets a control rest where the session may not use it, with the sentence why: on hover, and for screen readers. */
export function guarded<T extends HTMLElement & { disabled: boolean }>(control: T, scope: Scope): T {
  const why = barred(scope);
  if (why === null) return control;
  control.disabled = true;
  attribute(control, "title", why);
  attribute(control, "aria-description", why);
  return control;
}

/** The sentence why, for a place of its own; null where nothing is barred. */
export function reason(scope: Scope): HTMLElement | null {
  const why = barred(scope);
  return why === null ? null : h("p", { class: "barred" }, why);
}

/** Where a fault is told. */
export class Fault {
  readonly element = h("p", { class: "fault", role: "alert", hidden: true });

  async around<T>(work: () => Promise<T>): Promise<T | null> {
    this.element.hidden = true;
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) this.tell(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  tell(words: string): void {
    this.element.hidden = false;
    prose(this.element, words.replace(/^Failed to fetch$/, "The API does not answer"));
  }
}

const NAME = "esi-author";

/** Who does it: what the session says, or what the person wrote, kept for the next time. */
export class Author {
  private readonly control = input(localStorage.getItem(NAME) ?? "", { maxlength: 80, required: true });
  readonly element = person() === null ? labelled("Your name", this.control) : null;

  get name(): string {
    const known = person();
    if (known !== null) return known;
    const said = this.control.value.trim();
    if (said === "") {
      this.control.focus();
      throw new Error("Say who you are: write your name");
    }
    localStorage.setItem(NAME, said);
    return said;
  }
}

/** A dialog with a form; it closes when `work` has succeeded, and gives the focus back. */
export function dialogue(title: string, body: Child[], action: string, work: () => Promise<unknown>): void {
  const fault = new Fault();
  const go = h("button", { type: "submit", class: "button primary" }, action);
  const form = h("form", { method: "dialog", novalidate: true }, ...body, fault.element,
    h("div", { class: "row end" }, h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"), go));
  const dialog = h("dialog", { class: "help dialogue", "aria-label": title }, h("h2", {}, title), form);
  form.addEventListener("submit", (event) => {
    event.preventDefault(); // the policy allows no form to be sent anywhere
    go.disabled = true;
    void fault.around(async () => (await work(), dialog.close())).then(() => (go.disabled = false));
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
