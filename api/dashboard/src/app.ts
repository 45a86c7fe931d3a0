/** What happens: markets are listed, one is followed, frames change the state, and the address keeps it. */

import { format, type Address } from "./address";
import { Feed } from "./feed";
import { shift, zoom, type Preset, type Range, type Span } from "./range";
import { Explainer } from "./explainer";
import type { Reach } from "./reach";
import { latest, markets, paths, Problem, readings, scores } from "./rest";
import { thinning } from "./scores/past";
import { dataSpan, shown, stepMs, type Painter, type State } from "./store";
import { asDetails, asReading, marketKey, type Details, type Frame, type Reading } from "./wire";

const LIST_EVERY = 30_000;
const FINE_HOURS = 24;

export class App {
  private feed: Feed | null = null;
  private loading: AbortController | null = null;
  private readonly explainer: Explainer;
  private addressTimer = 0;

  constructor(private readonly state: State, private readonly painter: Painter) {
    this.explainer = new Explainer(state, painter);
  }

  /** Lists the markets, follows one, and keeps the list fresh: runs come and go. */
  async start(): Promise<void> {
    await this.list();
    setInterval(() => !document.hidden && void this.list(), LIST_EVERY);
    setInterval(() => !document.hidden && this.painter.ask(), 1000); // ages and countdowns
  }

  private async list(): Promise<void> {
    const { state } = this;
    try {
      state.markets = await markets();
      this.failed(null);
    } catch (error) {
      this.failed(error);
      if (this.feed === null) setTimeout(() => void this.list(), 2_000);
      return;
    }
    const wanted = state.address.market;
    const found = state.markets.find((m) => marketKey(m) === wanted);
    if (this.feed === null) {
      const first = state.markets.find((m) => m.run === null && !m.synthetic) ?? state.markets[0];
      if (first === undefined) setTimeout(() => void this.list(), 2_000);
      else this.follow(wanted ?? marketKey(first));
    } else if (found !== undefined) {
      state.market = found;
      void this.explainer.explain();
    }
    this.painter.ask();
  }

  private failed(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    // A fetch that finds no server is what the connection state already tells.
    this.state.problem = error instanceof Problem ? error : null;
    if (error !== null && !(error instanceof Problem) && !(error instanceof TypeError)) throw error;
    this.painter.ask();
  }

  /** Shows another market; what was known of the last one goes. */
  follow(name: string): void {
    const { state } = this;
    this.feed?.close();
    this.feed = null;
    if (state.address.market !== null && state.address.market !== name) state.address = { ...state.address, range: { preset: "all" }, cursor: null, form: null };
    state.address.market = name;
    state.market = state.markets.find((m) => marketKey(m) === name) ?? null;
    Object.assign(state, { reading: null, details: null, before: null, moved: null, receivedAt: 0, skipped: 0, problem: null });
    state.series.clear();
    state.scores.clear();
    if (state.market === null) return this.unknown();
    this.keep();
    this.connect(name);
    void this.load();
  }

  /** There is no such market: nothing is asked of it until the list, which is asked again now and then, names it. */
  private unknown(): void {
    this.loading?.abort();
    Object.assign(this.state, { loading: false, connection: { state: "none" } });
    this.painter.ask();
  }

  private connect(name: string): void {
    const base = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/feed`;
    this.feed = new Feed(base, name, ["readings", "details"], {
      frame: (frame) => this.frame(frame),
      connection: (connection) => {
        this.state.connection = connection;
        this.painter.ask();
      },
    });
    this.feed.connect();
  }

  retry(): void {
    this.feed?.connect();
  }

  /** The past: every final, and the last hours as fine as they were published. */
  private async load(): Promise<void> {
    const { state } = this;
    const name = state.address.market;
    if (name === null) return;
    this.loading?.abort();
    const control = (this.loading = new AbortController());
    state.loading = true;
    try {
      await this.newest(name);
      const finals = await readings(paths.finals(name), control.signal);
      const fine = await this.fine(name, finals, control.signal);
      state.series.load(finals, fine);
      if (state.reading?.forecast !== undefined) state.scores.load(await scores(paths.scores(name, thinning(state)), control.signal));
      this.failed(null);
    } catch (error) {
      this.failed(error);
    }
    if (this.loading !== control) return;
    state.loading = false;
    this.painter.ask();
  }

  /** The newest reading, at once: the feed may take longer, or be barred on the way. */
  private async newest(name: string): Promise<void> {
    const { state } = this;
    const newest = await latest(name);
    if (state.reading !== null || newest === null || state.address.market !== name) return;
    state.reading = newest;
    void this.explainer.explain();
    this.painter.ask();
  }

  private async fine(name: string, finals: readonly Reading[], signal: AbortSignal): Promise<Reading[]> {
    const step = stepMs(this.state);
    if (step === null) return [];
    const newest = Date.parse(this.state.reading?.at ?? finals.at(-1)?.at ?? "");
    if (Number.isNaN(newest)) return [];
    const every = Math.max(1, Math.ceil(step / 1000));
    const hours = Math.min(FINE_HOURS, every);
    const from = new Date(newest - hours * 3_600_000).toISOString();
    return readings(paths.fine(name, from, `${every}s`), signal);
  }

  private frame(frame: Frame): void {
    const { state } = this;
    if (frame.type === "error") state.problem = new Problem(0, `${frame.title}: ${frame.detail}`, null);
    else if (frame.type === "conflated") state.skipped += frame.skipped;
    else if (frame.type !== "ping") this.data(frame.type, frame.channel, frame.data);
    this.painter.ask();
  }

  private data(type: string, channel: string, data: unknown): void {
    const { state } = this;
    if (type === "reset" && channel === "readings") {
      state.series.clear();
      void this.load();
    }
    if (data === null) return;
    if (channel === "details") return this.details(asDetails(data));
    if (channel !== "readings") return;
    const reading = asReading(data);
    state.reading = reading;
    state.receivedAt = Date.now();
    state.series.push(reading);
    void this.explainer.explain();
  }

  private details(details: Details): void {
    const { state } = this;
    if (state.details !== null && state.details.at !== details.at) state.before = state.details;
    state.details = details;
    state.scores.push(details);
  }

  // --- what a person does -------------------------------------------------------------------------

  /** Another view of the same market; the address says so. */
  private see(change: Partial<Address>): void {
    this.state.address = { ...this.state.address, ...change };
    this.keep();
    this.painter.ask();
  }

  range(range: Range): void {
    this.see({ range });
  }

  span(span: Span): void {
    this.range(span);
  }

  preset(preset: Preset): void {
    this.range({ preset });
  }

  zoom(factor: number, about: number | null = null): void {
    const data = dataSpan(this.state);
    const span = shown(this.state);
    if (data !== null && span !== null) this.range(zoom(span, factor, about ?? this.state.address.cursor ?? (span.from + span.to) / 2, data));
  }

  pan(by: number): void {
    const data = dataSpan(this.state);
    const span = shown(this.state);
    if (data !== null && span !== null) this.range(shift(span, by, data));
  }

  panShare(share: number): void {
    const span = shown(this.state);
    if (span !== null) this.pan(share * (span.to - span.from));
  }

  cursor(at: number | null): void {
    if (this.state.address.cursor !== at) this.see({ cursor: at });
  }

  form(form: string | null): void {
    this.see({ form });
  }

  matrix(matrix: "segments" | "instruments"): void {
    this.see({ matrix });
  }

  moved(reach: Reach): void {
    this.see({ moved: reach });
    void this.explainer.explain();
  }

  market(by: number): void {
    const names = this.state.markets.map(marketKey);
    const at = names.indexOf(this.state.address.market ?? "");
    const next = names[(at + by + names.length) % names.length];
    if (next !== undefined) this.follow(next);
  }

  /** Writes the state into the address, not for every move of the mouse: browsers limit that. */
  private keep(): void {
    clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => history.replaceState(null, "", `/${format(this.state.address)}${location.hash}`), 250);
  }
}
