/** Asks the gateway again and again while its host is shown: for what the stream does not tell. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Polling<T> implements ReactiveController {
  /** The last answer, kept when a later question fails. */
  value: T | undefined;
  /** Why the last question failed; empty when it did not. */
  problem = "";
  readonly #host: ReactiveControllerHost;
  readonly #ask: () => Promise<T>;
  readonly #everyMs: number;
  #timer = 0;

  constructor(host: ReactiveControllerHost, ask: () => Promise<T>, everyMs: number) {
    this.#host = host;
    this.#ask = ask;
    this.#everyMs = everyMs;
    host.addController(this);
  }

  hostConnected(): void {
    void this.now();
    this.#timer = window.setInterval(() => {
      if (!document.hidden) void this.now();
    }, this.#everyMs);
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
  }

  /** Ask at once. */
  async now(): Promise<void> {
    try {
      this.value = await this.#ask();
      this.problem = "";
    } catch (error) {
      this.problem = (error as Error).message;
    }
    this.#host.requestUpdate();
  }
}
