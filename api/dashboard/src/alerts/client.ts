/** The API's alerts as the page asks for them. Whatever changes something goes through `send`, and nothing else does. */

import { Problem, problem } from "../rest";
import { isObject } from "../wire";
import type { Backtest, Delivery, Fields, Key, Kinds, Receiver, Rule, Said, Session, Silence, Told, User } from "./wire";

let known: Session | null = null;

export function session(): Session | null {
  return known;
}

export async function loadSession(): Promise<Session | null> {
  try {
    const body = await ask<unknown>("/v1/session");
    known = isObject(body) && Array.isArray(body["scopes"]) ? {
      name: String(body["name"] ?? ""), role: String(body["role"] ?? ""), csrf: String(body["csrf"] ?? ""),
      scopes: body["scopes"].map(String), local: body["local"] === true,
    } : null;
  } catch (error) {
    const signedOut = error instanceof Problem && (error.status === 401 || error.status === 403);
    known = signedOut ? { name: "", role: "", scopes: [], csrf: "", local: false } : null;
  }
  return known;
}

/** Who does what is done next; null where the server does not say, and the person has to. */
export function person(): string | null {
  return known === null || known.name === "" ? null : known.name;
}

export type Scope = "alerts:act" | "alerts:write" | "users:admin";
const DOES: Record<Scope, string> = {
  "alerts:act": "acknowledge and silence alerts", "alerts:write": "change rules and receivers",
  "users:admin": "change users and keys",
};

/** Why a control is not for this session, as a sentence; null where it is. */
export function barred(scope: Scope): string | null {
  if (known === null || known.scopes.includes(scope) || known.scopes.includes("*")) return null;
  if (known.name === "") return `Sign in to ${DOES[scope]}.`;
  const who = known.local ? "This local session" : `${known.name}${known.role === "" ? "" : ` (${known.role})`}`;
  return `${who} may look, but not ${DOES[scope]}.${known.local ? " Sign in to do that." : ""}`;
}

export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answered(await fetch(path, { headers: { accept: "application/json" }, cache: "no-store", ...(signal ? { signal } : {}) }));
}

/** Every call that changes something: with the token of the session, which a foreign page cannot know. */
export async function send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (known !== null && known.csrf !== "") headers["x-csrf-token"] = known.csrf;
  const answer = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(signal ? { signal } : {}) });
  if (answer.status === 401) await loadSession();
  return answered(answer);
}

async function answered<T>(answer: Response): Promise<T> {
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw problem(answer.status, body, answer.headers.get("x-request-id"));
  return body as T;
}

const query = (said: Record<string, string | number | null>): string =>
  new URLSearchParams(Object.entries(said).flatMap(([name, value]) => (value === null || value === "" ? [] : [[name, String(value)]]))).toString();

const one = encodeURIComponent;

export const alerts = (said: { market?: string | null; state?: string | null; severity?: string | null; limit?: number; cursor?: string | null }, signal?: AbortSignal) =>
  ask<{ alerts: Told[]; next: string | null }>(`/v1/alerts?${query({ limit: 200, ...said })}`, signal);
export const acknowledge = (id: string, author: string, note: string) => send<Told>("POST", `/v1/alerts/${one(id)}/acknowledge`, { author, note });
export const silences = () => ask<{ silences: Silence[] }>("/v1/alerts/silences").then((a) => a.silences);
export const silence = (said: Said) => send<Silence>("POST", "/v1/alerts/silences", said);
export const endSilence = (id: string, author: string) => send<unknown>("DELETE", `/v1/alerts/silences/${one(id)}?${query({ author })}`);
export const rules = (market: string) => ask<{ rules: Rule[] }>(`/v1/alerts/rules?${query({ market })}`).then((a) => a.rules);
export const saveRule = (id: string | null, market: string, rule: Said, author: string) =>
  send<Rule>(id === null ? "POST" : "PUT", `/v1/alerts/rules${id === null ? "" : `/${one(id)}`}`, { market, rule, author });
export const removeRule = (id: string, author: string) => send<unknown>("DELETE", `/v1/alerts/rules/${one(id)}?${query({ author })}`);
export const check = (market: string, rule: Said, signal: AbortSignal) => send<{ when: string; until: string | null; seconds: number }>("POST", "/v1/alerts/check", { market, rule }, signal);
export const backtest = (market: string, rule: Said, signal: AbortSignal) => send<Backtest>("POST", "/v1/alerts/backtest", { market, rule }, signal);
export const fields = (market: string) => ask<Fields>(`/v1/alerts/fields?${query({ market })}`);
export const kinds = () => ask<Kinds>("/v1/alerts/kinds");
export const receivers = () => ask<{ receivers: Receiver[] }>("/v1/alerts/receivers").then((a) => a.receivers);
export const saveReceiver = (name: string, settings: Said, enabled: boolean) => send<Receiver>("PUT", `/v1/alerts/receivers/${one(name)}`, { settings, enabled });
export const removeReceiver = (name: string) => send<unknown>("DELETE", `/v1/alerts/receivers/${one(name)}`);
export const testReceiver = (name: string) => send<{ id: string }>("POST", `/v1/alerts/receivers/${one(name)}/test`);
export const deliveries = (name: string) => ask<{ deliveries: Delivery[] }>(`/v1/alerts/receivers/${one(name)}/deliveries?limit=50`).then((a) => a.deliveries);
export const redeliver = (receiver: string) => send<{ count: number }>("POST", "/v1/alerts/redeliver", { receiver });
export const logIn = (name: string, password: string) => send<unknown>("POST", "/v1/session", { name, password });
export const logOut = () => send<unknown>("DELETE", "/v1/session");
export const useLink = (token: string, password: string) => send<unknown>("POST", "/v1/session/link", { token, password });
export const users = () => ask<{ users: User[] }>("/v1/users").then((a) => a.users);
export const addUser = (name: string, role: string) => send<User>("POST", "/v1/users", { name, role });
export const changeUser = (id: string, said: Said) => send<User>("PATCH", `/v1/users/${one(id)}`, said);
export const removeUser = (id: string) => send<unknown>("DELETE", `/v1/users/${one(id)}`);
export const keys = () => ask<{ keys: Key[] }>("/v1/keys").then((a) => a.keys);
export const addKey = (name: string, scopes: string[], expires_at: string | null) => send<Key>("POST", "/v1/keys", { name, scopes, expires_at });
export const revokeKey = (id: string) => send<unknown>("DELETE", `/v1/keys/${one(id)}`);
