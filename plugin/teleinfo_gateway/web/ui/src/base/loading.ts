/** Something asked of the gateway: waiting, come or failed; asked again now and then. */

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { RequestError } from "../gateway/gateway";

export class Loading<T> implements ReactiveController {
  value: T | null = null;
  problem: RequestError | null = null;
  busy = false;
  readonly #host: ReactiveControllerHost;
  readonly #againMs: number;
  #ask: (() => Promise<T>) | null = null;
  #key = "";
  #asked = 0;
  #timer = 0;

  /** What came is asked for again after `againMs` while the page is looked at; 0 is never. */
  constructor(host: ReactiveControllerHost, againMs = 0) {
    this.#host = host;
    this.#againMs = againMs;
    host.addController(this);
  }

  hostConnected(): void {
    if (this.#againMs) {
      this.#timer = window.setInterval(() => {
        if (!document.hidden && !this.busy) this.again();
      }, this.#againMs);
    }
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
  }

  /** Ask, if this is another question than the last one. What was shown stays until then. */
  load(key: string, ask: () => Promise<T>): void {
    if (key === this.#key) return;
    this.#key = key;
    this.#ask = ask;
    this.again();
  }

  /** Forget the answer and the question. */
  forget(): void {
    this.#key = "";
    this.#ask = null;
    this.#asked += 1;
    this.value = null;
    this.problem = null;
    this.busy = false;
  }

  again(): void {
    if (this.#ask) void this.#run(this.#ask);
  }

  async #run(ask: () => Promise<T>): Promise<void> {
    this.#asked += 1;
    const mine = this.#asked;
    this.busy = true;
    this.#host.requestUpdate();
    try {
      const value = await ask();
      if (mine !== this.#asked) return;
      this.value = value;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (mine !== this.#asked) return;
      this.problem = error;
    } finally {
      if (mine === this.#asked) {
        this.busy = false;
        this.#host.requestUpdate();
      }
    }
  }
}
