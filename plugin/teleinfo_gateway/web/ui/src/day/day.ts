/** The view "day": the power of a day or two, for each meter by itself. */

import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { steps } from "../history/controls";
import { TiHistoryView } from "../history/history-view";
import { route, show } from "../route";
import { addDays, isoDay } from "../words/format";
import { t } from "../words/language";
import { isDay, rangeOf } from "../words/legal-time";
import "./day-meter";

const MORE = ["currents", "voltages"] as const;

@customElement("ti-day")
export class TiDay extends TiHistoryView {
  get #date(): string {
    const today = isoDay(new Date());
    const asked = route.value.parameters.get("date") ?? "";
    return isDay(asked) && asked < today ? asked : today;
  }

  get #days(): number {
    return route.value.parameters.get("hours") === "48" ? 2 : 1;
  }

  #wants(name: (typeof MORE)[number]): boolean {
    return route.value.parameters.get(name) === "1";
  }

  protected override controls(): TemplateResult {
    const today = isoDay(new Date());
    const date = this.#date;
    const go = (day: string) => show("day", { date: day >= today ? "" : day });
    return html`
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
        <button aria-pressed=${this.#days === 1} @click=${() => show("day", { hours: "" })}>24 h</button>
        <button aria-pressed=${this.#days === 2} @click=${() => show("day", { hours: "48" })}>48 h</button>
      </div>
      ${MORE.map(
        (name) =>
          html`<button
            aria-pressed=${this.#wants(name)}
            @click=${() => show("day", { [name]: this.#wants(name) ? "" : "1" })}
          >
            ${t(name)}
          </button>`,
      )}
    `;
  }

  protected override block(meter: string): TemplateResult {
    return html`<ti-day-meter
      .meter=${meter}
      .range=${rangeOf("day", this.#days, this.#date)}
      ?currents=${this.#wants("currents")}
      ?voltages=${this.#wants("voltages")}
    ></ti-day-meter>`;
  }
}
