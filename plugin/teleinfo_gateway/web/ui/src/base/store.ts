/** A value that several elements show: who watches it is drawn again when it changes. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Store<T> {
  readonly #watchers = new Set<() => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    if (value !== this.#value) {
      this.#value = value;
      this.changed();
    }
  }

  /** Tell the watchers that something inside the value is another. */
  changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Call a function at every change; gives the function that ends it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** Draws its host again at every change of the stores, while the host is in a document. */
export class Watching implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #stores: readonly { watch(watcher: () => void): () => void }[];
  #ends: (() => void)[] = [];

  constructor(host: ReactiveControllerHost, ...stores: readonly { watch(watcher: () => void): () => void }[]) {
    this.#host = host;
    this.#stores = stores;
    host.addController(this);
  }

  hostConnected(): void {
    this.#ends = this.#stores.map((store) => store.watch(() => this.#host.requestUpdate()));
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
  }
}
