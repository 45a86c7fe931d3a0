/**
 * The WebSocket of one market: it comes back by itself, asks only for what it missed, and says how it is.
 * Clock and socket are arguments, so that tests need neither a network nor patience.
 */

import { asFrame, type Frame } from "./wire";

export type Connection =
  | { state: "none" }
  | { state: "connecting"; attempt: number }
  | { state: "live"; since: number }
  | { state: "waiting"; attempt: number; lostAt: number; retryAt: number };

export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  close(): void;
}

export interface Outside {
  open(address: string): Socket;
  now(): number;
  later(run: () => void, ms: number): number;
  forget(timer: number): void;
  random(): number;
}

export const browser: Outside = {
  open: (address) => new WebSocket(address) as unknown as Socket,
  now: () => Date.now(),
  later: (run, ms) => window.setTimeout(run, ms),
  forget: (timer) => window.clearTimeout(timer),
  random: () => Math.random(),
};

/** Silence after which a connection counts as dead: the server pings every 20 s. */
export const SILENCE = 50_000;
const LONGEST = 30_000;

/** Wait before attempt n (from 1): doubling from half a second, at most 30 s, with jitter against herds. */
export function backoff(attempt: number, random: number): number {
  return Math.min(LONGEST, 500 * 2 ** (attempt - 1)) * (0.75 + 0.5 * random);
}

export interface Listener {
  frame(frame: Frame): void;
  connection(connection: Connection): void;
}

export class Feed {
  private socket: Socket | null = null;
  private timer = 0;
  private watch = 0;
  private attempt = 0;
  private lostAt: number | null = null;
  private positions = new Map<string, string>();
  private closed = false;
  private openedAt: number | null = null;

  constructor(
    private readonly base: string,
    private readonly market: string,
    private readonly channels: readonly string[],
    private readonly listener: Listener,
    private readonly outside: Outside = browser,
  ) {}

  /** Connects, or connects at once where it was waiting for its next attempt. */
  connect(): void {
    this.drop();
    this.closed = false;
    this.attempt++;
    this.listener.connection({ state: "connecting", attempt: this.attempt });
    const socket = this.outside.open(this.address());
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => this.lost(socket);
    this.heard();
  }

  /** Ends it for good. */
  close(): void {
    this.closed = true;
    this.drop();
  }

  /** Where it would go on: `<epoch>:<id>` of the newest entry of each channel, empty where there is none yet. */
  address(): string {
    const query = new URLSearchParams([["market", this.market], ...this.channels.map((c) => ["channel", c])]);
    if (this.positions.size > 0) for (const channel of this.channels) query.append("since", this.positions.get(channel) ?? "");
    return `${this.base}?${query.toString()}`;
  }

  private receive(data: unknown): void {
    this.heard();
    const frame = typeof data === "string" ? asFrame(data) : null;
    if (frame === null) return;
    this.attempt = 0;
    if ("id" in frame && frame.id !== null) this.positions.set(frame.channel, `${frame.epoch}:${frame.id}`);
    if (frame.type !== "ping") this.listener.frame(frame);
  }

  private opened(): void {
    this.heard();
    this.lostAt = null;
    this.openedAt = this.outside.now();
    this.listener.connection({ state: "live", since: this.openedAt });
  }

  private heard(): void {
    this.outside.forget(this.watch);
    const socket = this.socket;
    this.watch = this.outside.later(() => socket !== null && this.lost(socket), SILENCE);
  }

  private lost(socket: Socket): void {
    if (socket !== this.socket || this.closed) return;
    this.drop();
    const now = this.outside.now();
    this.lostAt ??= now;
    // A server that accepts and closes at once must not be asked in a tight loop; one that stayed was well.
    if (this.openedAt !== null && now - this.openedAt > 5_000) this.attempt = 0;
    this.openedAt = null;
    const wait = backoff(Math.max(1, this.attempt), this.outside.random());
    this.listener.connection({ state: "waiting", attempt: this.attempt, lostAt: this.lostAt, retryAt: now + wait });
    this.timer = this.outside.later(() => this.connect(), wait);
  }

  private drop(): void {
    this.outside.forget(this.timer);
    this.outside.forget(this.watch);
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
