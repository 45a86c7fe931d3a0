/** What the API says of alerts, rules, receivers and people, by the names it has there. */

export type Severity = "info" | "warning" | "error" | "critical";
export const SEVERITIES: readonly Severity[] = ["critical", "error", "warning", "info"];

export interface Facts {
  at: string;
  index: number | null;
  percentile: number | null;
  level: string;
  coverage: number;
  contributions: Record<string, number>;
  flags: string[];
}

export interface Alert {
  id: string;
  fingerprint: string;
  state: "alerting" | "resolved" | "acknowledged";
  rule: string;
  version: number;
  market: string;
  severity: Severity;
  segment: string;
  began_at: string;
  ended_at: string | null;
  condition: string;
  value: number | null;
  about: string;
  reading: Facts | null;
}

export interface Told {
  alert: Alert;
  unsent: string | null;
  sent_at: string | null;
  acknowledged_by: string | null;
}

export interface Silence {
  id: string;
  author: string;
  reason: string;
  market: string | null;
  rule: string | null;
  severity: Severity | null;
  segment: string | null;
  begins_at: string;
  ends_at: string;
  ended_by: string | null;
}

export type Said = Record<string, unknown>;

export interface Rule {
  id: string;
  market: string;
  name: string;
  version: number;
  origin: string;
  author: string;
  updated_at: string;
  rule: Said;
  when: string | null;
  until: string | null;
  fault: string | null;
}

export interface Backtest {
  market: string;
  when: string;
  until: string | null;
  readings: number;
  first: string | null;
  last: string | null;
  fired: number;
  episodes: { began: string; ended: string | null; value: number | null }[];
  summary: string;
  cut: boolean;
}

export interface Fields {
  fields: { field: string; type: string; unit: string; about: string; available: boolean }[];
  functions: Record<string, string>;
}

export interface Setting {
  name: string;
  form: "text" | "number" | "choice";
  many: boolean;
  secret: boolean;
  required: boolean;
  common: boolean;
  default: unknown;
  choices: string[];
}

export interface Kinds {
  kept: boolean;
  rules: Record<string, { needs: string[]; may: string[] }>;
  receivers: Record<string, Setting[]>;
}

export interface Receiver {
  name: string;
  kind: string;
  enabled: boolean;
  settings: Said;
  failures: number;
  resting: boolean;
}

export interface User {
  id: string;
  name: string;
  role: string;
  disabled: boolean;
  has_password: boolean;
  provider: string | null;
  created_at: string;
  last_login_at: string | null;
  link: string | null;
}

export interface Key {
  id: string;
  prefix: string;
  name: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  key: string | null;
}

export interface Delivery {
  message: string;
  attempt: number;
  at: string;
  outcome: string;
  status: number | null;
  latency_ms: number;
  request: string;
  response: string;
  fault: string | null;
}

/** Who the server takes this browser for; a server that knows no sessions gives none, and then nothing is held back. */
export interface Session {
  name: string;
  role: string;
  scopes: string[];
  csrf: string;
  local: boolean;
}
