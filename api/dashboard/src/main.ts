/** The page: views over one state, put together here and nowhere else. */

import "uplot/dist/uPlot.min.css";
import "./tokens.css";
import "./page.css";
import { parse } from "./address";
import { Announcer } from "./announce";
import { AlertsShell } from "./alerts/shell";
import { App } from "./app";
import { h } from "./dom";
import { bind, helpDialog, show } from "./keys";
import { offered } from "./range";
import { dataSpan, initial, Painter, stepMs, type State, type View } from "./store";
import { applyTheme, toggleTheme } from "./theme";
import { ConditionView } from "./views/condition";
import { Contributions } from "./views/contributions";
import { ExpertsView } from "./views/experts";
import { Footer } from "./views/footer";
import { ForecastView } from "./views/forecast";
import { Header } from "./views/header";
import { Heatmap } from "./views/heatmap";
import { History } from "./views/history";
import { Indicators } from "./views/indicators";
import { Missing } from "./views/missing";
import { Moved } from "./views/moved";
import { Now } from "./views/now";
import { RecordView } from "./views/record";
import { moveCursor } from "./views/timechart";
import { fixed } from "./format";

applyTheme();
const state = initial(parse(location.search));
const painter = new Painter(state);
const app = new App(state, painter);
const help = helpDialog();

const time = {
  range: (span: { from: number; to: number }) => app.span(span),
  cursor: (at: number | null) => app.cursor(at),
  zoom: (about: number, factor: number) => app.zoom(factor, about),
  pan: (by: number) => app.pan(by),
  reset: () => app.preset("all"),
};
const header = new Header({ choose: (market) => app.follow(market), retry: () => app.retry(), help: () => show(help) });
const history = new History({ ...time, preset: (preset) => app.preset(preset), form: (form) => app.form(form) });
const now = new Now();
const contributions = new Contributions(time);
const moved = new Moved((reach) => app.moved(reach));
const heatmap = new Heatmap((which) => app.matrix(which));
const indicators = new Indicators();
const scores = [new ForecastView(time), new RecordView(time), new ExpertsView(time), new ConditionView(time)] as const;
const missing = new Missing();
const footer = new Footer();
const announcer = new Announcer();

/** The title of the tab tells the number too, once a second at most. */
class Title implements View {
  readonly element = document.documentElement;
  private at = 0;

  update({ reading, market }: State): void {
    if (Date.now() - this.at < 1000) return;
    this.at = Date.now();
    document.title = reading === null ? "Economic Stress Index" : `${fixed(reading.index)} ${market?.name ?? ""} · Economic Stress Index`;
  }
}

/** The crosshair that a link names is set once, when there is something under it. */
class FirstCursor implements View {
  readonly element = document.documentElement;
  private wanted = state.address.cursor;
  private drawn = false;

  update(): void {
    if (this.wanted === null || state.loading || state.series.length === 0) return;
    if (!this.drawn) {
      this.drawn = true; // the chart takes up its range behind this frame: a time has its place in the next one
      return painter.ask();
    }
    moveCursor(history.plot, this.wanted);
    this.wanted = null;
  }
}

const page: HTMLElement[] = [];
const alerts = new AlertsShell(state, () => page);
header.element.querySelector("#theme")?.before(alerts.link);
painter.add(
  header, missing, now, history, contributions, moved, heatmap, ...scores, indicators, footer, announcer, new Title(),
  new FirstCursor(), alerts,
);
const main = h("main", {}, missing.element, now.element, history.element, contributions.element,
  h("div", { class: "pair" }, moved.element, heatmap.element),
  scores[0].element, h("div", { class: "pair" }, scores[1].element, scores[2].element), scores[3].element,
  indicators.element);
page.push(main);
document.getElementById("page")?.append(
  header.element,
  main, alerts.element,
  footer.element, announcer.element);

bind({
  market: (by) => app.market(by),
  preset: (n) => {
    const data = dataSpan(state);
    const name = data === null ? undefined : offered(data, stepMs(state))[n];
    if (name !== undefined) app.preset(name);
  },
  cursor: (by) => history.step(by),
  pan: (share) => app.panShare(share),
  zoom: (factor) => app.zoom(factor),
  clear: () => moveCursor(history.plot, null),
  theme: toggleTheme,
}, () => show(help));

addEventListener("popstate", () => {
  const address = parse(location.search);
  if (address.market !== null && address.market !== state.address.market) app.follow(address.market);
  state.address = { ...address, market: state.address.market };
  painter.ask();
});

painter.ask();
void app.start();
void alerts.route();
