/** Sound and browser notifications for alerts that begin: off until somebody asks for them, and kept in this browser. */

import { h } from "../dom";
import { checkbox } from "./form";
import { byUrgency } from "./words";
import type { Severity, Told } from "./wire";

const SOUND = "esi-alert-sound";
const NOTICE = "esi-alert-notice";
const PITCH: Record<Severity, number> = { critical: 880, error: 740, warning: 587, info: 440 };

export class Notices {
  private readonly note = h("small", { role: "status" });
  private context: AudioContext | null = null;
  readonly element: HTMLElement;

  constructor() {
    const sound = checkbox("Sound", this.sounds, (on) => this.choose(SOUND, on));
    const shown = checkbox("Browser notification", this.notifies, (on) => void this.allow(on, shown.box));
    this.element = h("fieldset", { class: "row notices" }, h("legend", { class: "hidden" }, "When an alert begins"), sound.element, shown.element, this.note);
  }

  get sounds(): boolean {
    return localStorage.getItem(SOUND) === "on";
  }

  get notifies(): boolean {
    return localStorage.getItem(NOTICE) === "on" && "Notification" in window && Notification.permission === "granted";
  }

  private choose(key: string, on: boolean): void {
    if (on) localStorage.setItem(key, "on");
    else localStorage.removeItem(key);
    if (key === SOUND && on) this.play("info"); // browsers let a page sound only after it was touched: this is the touch
  }

  private async allow(on: boolean, box: HTMLInputElement): Promise<void> {
    this.note.textContent = "";
    if (on && (!("Notification" in window) || (await Notification.requestPermission()) !== "granted")) {
      box.checked = false;
      this.note.textContent = "This browser does not allow it: permit notifications of this site in its settings.";
      return;
    }
    this.choose(NOTICE, on);
  }

  /** Tells of alerts that have begun; one sound and one notification, however many they are. */
  tell(fresh: readonly Told[]): void {
    const open = fresh.filter((t) => t.unsent === null && t.alert.state === "alerting").sort(byUrgency);
    const first = open[0]?.alert;
    if (first === undefined) return;
    if (this.sounds) this.play(first.severity);
    if (!this.notifies) return;
    const more = open.length > 1 ? ` and ${open.length - 1} more` : "";
    const shown = new Notification(`${first.severity.toUpperCase()} ${first.market}: ${first.rule}${more}`, { body: (first.about || first.condition).replaceAll("`", ""), tag: first.id });
    shown.addEventListener("click", () => (window.focus(), (location.hash = "#alerts")));
  }

  /** Two short tones, higher for what is more urgent. */
  private play(severity: Severity): void {
    const context = (this.context ??= new AudioContext());
    void context.resume();
    for (const [n, factor] of [1, 1.5].entries()) {
      const tone = new OscillatorNode(context, { frequency: PITCH[severity] * factor });
      const begin = context.currentTime + n * 0.16;
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0.12, begin);
      volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.15);
      tone.connect(volume).connect(context.destination);
      tone.start(begin);
      tone.stop(begin + 0.16);
    }
  }
}
