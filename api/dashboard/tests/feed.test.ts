import { describe, expect, it } from "vitest";
import { backoff, Feed, SILENCE, type Connection, type Outside, type Socket } from "../src/feed";
import { asFrame, type Frame } from "../src/wire";

/** A world with its own clock: timers run when time is moved. */
class World implements Outside {
  time = 0;
  addresses: string[] = [];
  sockets: (Socket & { closed: boolean })[] = [];
  private timers = new Map<number, { at: number; run: () => void }>();
  private next = 1;

  open(address: string): Socket {
    this.addresses.push(address);
    const socket = { onopen: null, onmessage: null, onclose: null, closed: false, close() { this.closed = true; } };
    this.sockets.push(socket);
    return socket;
  }
  now = (): number => this.time;
  random = (): number => 0.5;
  later(run: () => void, ms: number): number {
    this.timers.set(this.next, { at: this.time + ms, run });
    return this.next++;
  }
  forget(timer: number): void {
    this.timers.delete(timer);
  }
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      this.timers.delete(due[0]);
      this.time = due[1].at;
      due[1].run();
    }
    this.time = end;
  }
  get socket(): Socket & { closed: boolean } {
    return this.sockets.at(-1) as Socket & { closed: boolean };
  }
}

function begin(): { world: World; feed: Feed; states: Connection[]; frames: Frame[] } {
  const world = new World();
  const [states, frames]: [Connection[], Frame[]] = [[], []];
  const feed = new Feed("ws://x/v1/feed", "us", ["readings", "details"], { frame: (f) => frames.push(f), connection: (c) => states.push(c) }, world);
  feed.connect();
  return { world, feed, states, frames };
}

const update = (channel: string, id: string): { data: string } => ({ data: JSON.stringify({ type: "update", market: "us", channel, epoch: "e", id, sent_ns: 1, data: {} }) });

describe("the feed", () => {
  it("asks for its channels, and after a loss for what it missed", () => {
    const { world, states, frames } = begin();
    expect(world.addresses[0]).toBe("ws://x/v1/feed?market=us&channel=readings&channel=details");
    world.socket.onopen?.();
    world.socket.onmessage?.(update("readings", "5-0"));
    world.socket.onmessage?.(update("details", "4-1"));
    world.socket.onclose?.({ code: 1006 });
    expect(states.at(-1)).toMatchObject({ state: "waiting", lostAt: 0, retryAt: 500 });
    world.pass(500);
    expect(world.addresses[1]).toBe("ws://x/v1/feed?market=us&channel=readings&channel=details&since=e%3A5-0&since=e%3A4-1");
    world.socket.onopen?.();
    expect(states.at(-1)?.state).toBe("live");
    expect(frames).toHaveLength(2);
  });

  it("waits longer after each failure, up to half a minute", () => {
    expect([1, 2, 3, 10].map((n) => backoff(n, 0.5))).toEqual([500, 1000, 2000, 30_000]);
    expect(backoff(10, 1)).toBeLessThanOrEqual(37_500);
    const { world } = begin();
    for (const wait of [500, 1000, 2000]) {
      const before = world.addresses.length;
      world.socket.onclose?.({ code: 1006 });
      world.pass(wait - 1);
      expect(world.addresses).toHaveLength(before);
      world.pass(1);
      expect(world.addresses).toHaveLength(before + 1);
    }
  });

  it("does not hurry where a server accepts and closes at once", () => {
    const { world } = begin();
    for (let n = 0; n < 3; n++) {
      world.socket.onopen?.();
      world.socket.onclose?.({ code: 1008 });
      world.pass(2_000);
    }
    world.socket.onopen?.();
    world.socket.onclose?.({ code: 1008 });
    const before = world.addresses.length;
    world.pass(3_000);
    expect(world.addresses).toHaveLength(before);
  });

  it("takes a silent connection for dead, and a ping for life", () => {
    const { world, states, frames } = begin();
    world.socket.onopen?.();
    world.pass(SILENCE - 1);
    world.socket.onmessage?.({ data: '{"type":"ping","at":1}' });
    world.pass(SILENCE - 1);
    expect(states.at(-1)?.state).toBe("live");
    const silent = world.socket;
    world.pass(1);
    expect(states.at(-1)?.state).toBe("waiting");
    expect(silent.closed).toBe(true);
    expect(frames).toHaveLength(0);
  });

  it("ends when it is told to", () => {
    const { world, feed } = begin();
    feed.close();
    world.pass(100_000);
    expect(world.addresses).toHaveLength(1);
    expect(world.socket.closed).toBe(true);
  });
});

describe("frames", () => {
  it("of kinds that are not known yet are left alone", () => {
    expect(asFrame('{"type":"alert"}')).toBeNull();
    expect(asFrame("[1]")).toBeNull();
    expect(asFrame('{"type":"conflated","market":"us","channel":"readings","skipped":3}')).toMatchObject({ skipped: 3 });
  });
});
