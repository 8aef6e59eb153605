/** Who looks at the page: whether the gateway lets them in; logging in and out. */

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { connection } from "../base/element";
import { Store } from "../base/store";
import type { Session } from "../gateway/records";

const AGAIN_MS = 1000;

const { gateway, live } = connection();

/** What the gateway said last: `opening` until it has, `lost` while it says nothing. */
export const session = new Store<Session | "opening" | "lost">("opening");

/** Whether the gateway tells its readings to who looks. */
export function admitted(): boolean {
  const told = session.value;
  return typeof told !== "string" && told.scopes.includes("read");
}

// The session is over, or the gateway was started again: what it says of it is what counts.
gateway.unauthorized = () => {
  if (admitted()) void ask();
};

let asking: Promise<void> | undefined;

/** Ask who we are, until there is an answer. */
function ask(): Promise<void> {
  asking ??= askOnAndOn().finally(() => {
    asking = undefined;
  });
  return asking;
}

async function askOnAndOn(): Promise<void> {
  for (;;) {
    try {
      session.value = await gateway.get<Session>("api/session");
      return;
    } catch {
      if (typeof session.value === "string") session.value = "lost";
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** Begin a session; false if the browser does not keep its cookie. Throws a RequestError. */
export async function login(password: string): Promise<boolean> {
  await gateway.request<Session>("api/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ password }),
  });
  await ask();
  return admitted();
}

/** End the session. Throws a RequestError. */
export async function logout(): Promise<void> {
  session.value = await gateway.request<Session>("api/logout", { method: "POST" });
}

/** Draws its host again when somebody is let in or not any more; hears the stream in between. */
export class Admission implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #unwatch = (): unknown => undefined;
  #leave: (() => void) | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    this.#unwatch = session.watch(() => this.#follow());
    if (!admitted()) void ask();
    this.#follow();
  }

  hostDisconnected(): void {
    this.#unwatch();
    this.#end();
  }

  #follow(): void {
    if (admitted()) this.#leave ??= live.use();
    else this.#end();
    this.#host.requestUpdate();
  }

  #end(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}
