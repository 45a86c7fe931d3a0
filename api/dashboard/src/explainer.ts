/** Asks why the index moved over the chosen reach, once for each final; what each reading says needs no asking. */

import { beginning, lastFinal } from "./reach";
import { attribution, paths } from "./rest";
import type { Painter, State } from "./store";

export class Explainer {
  private asking: AbortController | null = null;

  constructor(private readonly state: State, private readonly painter: Painter) {}

  async explain(): Promise<void> {
    const { state } = this;
    const path = this.wanted();
    if (path === (state.moved?.path ?? null)) return;
    this.asking?.abort();
    state.moved = path === null ? null : { path, found: null, fault: null };
    this.painter.ask();
    if (path === null) return;
    const control = (this.asking = new AbortController());
    const keep = (found: NonNullable<State["moved"]>): void => {
      if (this.asking === control) state.moved = found;
      this.painter.ask();
    };
    try {
      keep({ path, found: await attribution(path, control.signal), fault: null });
    } catch (error) {
      if (control.signal.aborted) return;
      keep({ path, found: null, fault: error instanceof Error ? error.message : String(error) });
    }
  }

  private wanted(): string | null {
    const { address, market, reading } = this.state;
    const end = reading === null ? null : lastFinal(reading);
    if (address.moved === "final" || address.market === null || market === null || end === null) return null;
    return paths.attribution(address.market, beginning(address.moved, Date.parse(end), market), end);
  }
}
