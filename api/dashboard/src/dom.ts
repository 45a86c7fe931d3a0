/** Small helpers to build elements. No inline styles: the page runs under `style-src 'self'`. */

export type Child = Node | string | null | undefined | false;
type Props = Record<string, string | number | boolean | EventListener | null | undefined>;

/** An element with attributes (`class`, `aria-label`, ...), listeners (`onclick`) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, props);
  append(element, children);
  return element;
}

/** The same for SVG. */
export function s<K extends keyof SVGElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  apply(element, props);
  append(element, children);
  return element;
}

function apply(element: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "string" && !VERBATIM.has(element.localName) ? unbroken(child) : child);
  }
}

/** What may be copied into a terminal or a rule stays as it is. */
const VERBATIM = new Set(["code", "pre", "textarea", "option"]);

/** A number and its unit stay in one line. */
export function unbroken(value: string): string {
  return value.replace(/(\d) (?=(?:%|ms|s|min|h|UTC)(?!\w))/g, "$1\u00a0");
}

/** Sets the text where it differs, so that nothing is laid out anew for nothing. */
export function text(element: Element, value: string): boolean {
  const whole = unbroken(value);
  if (element.textContent === whole) return false;
  element.textContent = whole;
  return true;
}

/** A sentence in pieces: every second one is what stood between backticks, and is to be typed. */
export function pieces(value: string): string[] {
  const found = value.split("`");
  return found.length % 2 === 1 ? found : [value];
}

/** Sets a sentence, with what stands between backticks as code. */
export function prose(element: Element, value: string): void {
  const found = pieces(value).map((piece, i) => (i % 2 === 1 ? piece : unbroken(piece)));
  if (element.textContent === found.join("")) return;
  element.replaceChildren(...found.map((piece, i) => (i % 2 === 1 ? h("code", {}, piece) : piece)));
}

/** Sets an attribute where it differs; null removes it. */
export function attribute(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
