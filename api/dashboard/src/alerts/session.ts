/** Who looks: signed in or not, and the way in and out. A server that knows no sessions shows nothing of it. */

import { h } from "../dom";
import { logIn, logOut, session, useLink } from "./client";
import { dialogue, doing, Fault, input, labelled } from "./form";

/** What stands beside the tabs; `changed` is called when somebody else looks from now on. */
export function who(changed: () => void): HTMLElement {
  const now = session();
  const fault = new Fault();
  if (now === null) return h("span", { hidden: true });
  if (now.name === "" || now.local) {
    const words = now.local ? "Local, looking only" : "Not signed in";
    return h("span", { class: "row who" }, h("span", { class: "quiet" }, words), h("button", { type: "button", class: "button", id: "sign-in", onclick: () => signIn(changed) }, "Sign in"));
  }
  const out = doing("Sign out", async () => (await logOut(), changed()), fault, "link");
  return h("span", { class: "row who" }, h("span", { class: "quiet" }, `${now.name}, ${now.role}`), out, fault.element);
}

function password(autocomplete: string): HTMLInputElement {
  return input("", { type: "password", autocomplete, required: true, maxlength: 1000 });
}

/** Where the server's own provider of logins begins, null where it has none. */
async function provider(): Promise<string | null> {
  const answer = await fetch("/v1/session", { cache: "no-store" });
  return /<([^>]+)>; rel="login"/.exec(answer.headers.get("link") ?? "")?.[1] ?? null;
}

/** The way in by a provider, which shows itself where there is one. */
function byProvider(): HTMLElement {
  const way = h("p", { hidden: true });
  void provider().then((path) => {
    if (path === null) return;
    way.replaceChildren(h("a", { class: "button", id: "by-provider", href: path }, "Sign in by your provider"));
    way.hidden = false;
  }, () => undefined);
  return way;
}

function signIn(changed: () => void): void {
  const name = input("", { autocomplete: "username", required: true, maxlength: 64 });
  const secret = password("current-password");
  dialogue("Sign in", [byProvider(), labelled("Name", name), labelled("Password", secret)], "Sign in", async () => (await logIn(name.value.trim(), secret.value), changed()));
}

/** Sets the password of whoever came by a one-time link. The token is taken out of the address at once. */
export function byLink(token: string, changed: () => void): void {
  history.replaceState(null, "", `${location.pathname}${location.search}#alerts`);
  const secret = password("new-password");
  const again = password("new-password");
  dialogue("Set your password", [labelled("Password", secret), labelled("Once more", again)], "Set it", async () => {
    if (secret.value !== again.value) throw new Error("The two differ: write the same password twice");
    await useLink(token, secret.value);
    changed();
  });
}
