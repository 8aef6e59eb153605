/** The view "day": the power of a day or two, for each meter by itself. */

import { css, html, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { Ticking } from "../clock";
import { TiElement, shared } from "../element";
import { addDays, isoDay } from "../format";
import { t } from "../language";
import { isDay, rangeOf } from "../legal-time";
import { otherContent } from "../once";
import { route, show } from "../route";
import { Watching } from "../store";
import { segments, steps } from "./controls";
import "./day-meter";

@customElement("ti-day")
export class TiDay extends TiElement {
  static override styles = [
    shared,
    segments,
    css`
      :host { display: grid; gap: var(--ti-space-4); }
      .blocks {
        display: grid; gap: var(--ti-space-4);
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr));
      }
    `,
  ];

  @property({ attribute: false, hasChanged: otherContent }) meters: string[] = [];

  constructor() {
    super();
    new Watching(this, route);
    new Ticking(this); // today becomes another day
  }

  override render(): TemplateResult {
    if (!this.meters.length) return html`<p class="soft">${t("nothing")}</p>`;
    const { parameters } = route.value;
    const today = isoDay(new Date());
    const asked = parameters.get("date") ?? "";
    const date = isDay(asked) && asked < today ? asked : today;
    const days = parameters.get("hours") === "48" ? 2 : 1;
    const wanted = (name: string) => parameters.get(name) === "1";
    const go = (day: string) => show("day", { date: day >= today ? "" : day });
    const range = rangeOf("day", days, date);
    return html`
      <div class="controls">
        ${steps({
          date,
          today,
          label: t("dayShown"),
          go,
          back: () => go(addDays(date, -1)),
          forward: () => go(addDays(date, 1)),
        })}
        <button ?disabled=${date === today} @click=${() => go(today)}>${t("toToday")}</button>
        <div class="segments" role="group" aria-label=${t("hoursShown")}>
          <button aria-pressed=${days === 1} @click=${() => show("day", { hours: "" })}>24 h</button>
          <button aria-pressed=${days === 2} @click=${() => show("day", { hours: "48" })}>48 h</button>
        </div>
        ${(["currents", "voltages"] as const).map(
          (name) =>
            html`<button
              aria-pressed=${wanted(name)}
              @click=${() => show("day", { [name]: wanted(name) ? "" : "1" })}
            >
              ${t(name)}
            </button>`,
        )}
      </div>
      <div class="blocks">
        ${repeat(
          this.meters,
          (meter) => meter,
          (meter) =>
            html`<ti-day-meter
              .meter=${meter}
              .range=${range}
              ?currents=${wanted("currents")}
              ?voltages=${wanted("voltages")}
            ></ti-day-meter>`,
        )}
      </div>
    `;
  }
}
