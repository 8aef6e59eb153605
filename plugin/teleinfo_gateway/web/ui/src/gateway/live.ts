/** What happens, as it happens: the event stream of the gateway, kept alive. */

import { Store } from "../base/store";
import { RequestError, type Gateway } from "./gateway";
import { LiveMeter } from "./live-meter";
import type { Announced, MeterState, ReadingTold } from "./records";

export type { LiveMeter } from "./live-meter";
export type { Point } from "./heard";

const RETRY_MS = [500, 1000, 2000, 5000] as const;
const REFUSED_MS = 60_000; // so long a token is wrong: ten tries in a minute lock its address out
const SILENT_MS = 40_000; // the gateway says something every 15 s

/** Estimates and counts are no events: they are asked for so often while somebody looks. */
const REFRESH_MS = 2000;

const ANNOUNCED = new Set(["overload", "tariff", "tomorrow", "peak"]);

/** `refused`: there is a gateway, but it wants a login, or another token. */
export type Connection = "opening" | "open" | "lost" | "refused";

/** An event as the gateway sends it. */
export interface Told {
  name: string;
  data: Record<string, unknown>;
}

export class Live {
  readonly meters = new Store<ReadonlyMap<string, LiveMeter>>(new Map());
  /** The meters by name, for who shows nothing else of them: they seldom change. */
  readonly names = new Store<readonly string[]>([]);
  readonly connection = new Store<Connection>("opening");
  readonly events = new EventTarget();
  readonly #gateway: Gateway;
  #stop = new AbortController();
  #users = 0;
  #failures = 0;
  #ahead_s = 0; // this clock against that of the gateway

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** The gateway's time in unix seconds: the clock of a phone may be wrong. */
  now(): number {
    return Date.now() / 1000 - this.#ahead_s;
  }

  /** Hear the stream until the returned function is called; several users share one stream. */
  use(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      this.#stop = new AbortController();
      this.#failures = 0;
      this.connection.value = "opening";
      void this.#run(this.#stop.signal);
    }
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      this.#users -= 1;
      if (this.#users === 0) this.#stop.abort();
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let refused = false;
      try {
        await this.#hear(signal);
      } catch (error) {
        // Whatever it was is shown by the connection; what matters is to try again.
        refused = error instanceof RequestError && [401, 403, 429].includes(error.status);
      }
      if (signal.aborted) return;
      this.connection.value = refused ? "refused" : "lost";
      const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 5000;
      this.#failures += 1;
      const guessed = refused && this.#gateway.token !== "";
      await new Promise((resolve) => setTimeout(resolve, guessed ? REFUSED_MS : wait));
    }
  }

  async #hear(signal: AbortSignal): Promise<void> {
    const silence = new AbortController();
    const refresh = setInterval(() => void this.#refresh(signal), REFRESH_MS);
    let timer = setTimeout(() => silence.abort(), SILENT_MS);
    try {
      const response = await this.#gateway.fetch("api/events", {
        signal: AbortSignal.any([signal, silence.signal]),
        headers: { Accept: "text/event-stream" },
      });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      if (!reader) return;
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENT_MS);
        text += value;
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) this.#take(block, signal);
      }
    } finally {
      clearTimeout(timer);
      clearInterval(refresh);
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    if (document.hidden || this.connection.value !== "open") return;
    // A failure is seen at the stream as well, which then says so.
    const states = await this.#gateway.meters().catch(() => []);
    if (signal.aborted) return;
    for (const state of states) this.meters.value.get(state.name)?.takeState(state, this.now());
    this.meters.changed();
  }

  /** The last values of meters that have not spoken to this page, and may not any more. */
  async #fill(signal: AbortSignal): Promise<void> {
    const sensors = await this.#gateway.sensors().catch(() => []);
    if (signal.aborted) return;
    for (const { meter, reference, last_value } of sensors) {
      const known = this.meters.value.get(meter);
      if (!known || last_value === null) continue;
      known.historique = { [reference.toUpperCase()]: last_value, ...known.historique };
    }
    this.meters.changed();
  }

  #take(block: string, signal: AbortSignal): void {
    let name = "";
    let data = "";
    for (const line of block.split("\n")) {
      if (line.startsWith("event: ")) name = line.slice(7);
      if (line.startsWith("data: ")) data += line.slice(6);
    }
    if (!name) return;
    const told = JSON.parse(data) as unknown;
    if (name === "meters") {
      this.#failures = 0;
      this.connection.value = "open";
      this.#takeMeters(told as MeterState[]);
      void this.#fill(signal);
    } else if (name === "reading") {
      this.#takeReading(told as ReadingTold);
    } else {
      this.#takeChange(name, told as Record<string, unknown>);
    }
    const detail: Told = { name, data: told as Record<string, unknown> };
    this.events.dispatchEvent(new CustomEvent("told", { detail }));
  }

  #takeMeters(states: MeterState[]): void {
    const known = this.meters.value;
    const names = states.map((state) => state.name);
    if (names.join() !== this.names.value.join()) this.names.value = names;
    this.meters.value = new Map(
      states.map((state) => {
        const meter = known.get(state.name) ?? new LiveMeter(state, this.now());
        meter.reopen();
        meter.takeState(state, this.now());
        return [state.name, meter];
      }),
    );
  }

  #takeReading(reading: ReadingTold): void {
    this.#ahead_s = (Date.now() - Date.parse(reading.time)) / 1000;
    this.meters.value.get(reading.meter)?.takeReading(reading);
    this.meters.changed();
  }

  #takeChange(name: string, told: Record<string, unknown>): void {
    const { meter, ...changes } = told;
    const known = this.meters.value.get(String(meter));
    if (!known) return;
    if (ANNOUNCED.has(name)) known.takeAnnounced(name, told as unknown as Announced);
    if (name === "status" || name === "link") {
      known.takeState({ ...known.state, ...(changes as Partial<MeterState>) }, this.now());
    }
    this.meters.changed();
  }
}
