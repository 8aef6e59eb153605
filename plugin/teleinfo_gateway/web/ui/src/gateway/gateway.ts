/** The gateway on the other side: its HTTP API, answers and refusals. */

import type {
  Costs,
  Energy,
  EventPage,
  GatewayStatus,
  MeterState,
  MeterStatus,
  SensorState,
  Series,
} from "./records";

/** A request that the gateway refused (`status`), or that did not reach it (0). */
export class RequestError extends Error {
  /** `retry_s` says when to try again, where the gateway told it; else it is 0. */
  constructor(
    readonly status: number,
    message: string,
    readonly retry_s = 0,
  ) {
    super(message);
  }
}

export type Parameters = Record<string, string | number | undefined>;

export class Gateway {
  /** `base` is the address of the gateway, ending with a slash; `token` is for other sites. */
  constructor(
    readonly base: URL,
    readonly token = "",
  ) {}

  /** Called when a request was refused for want of a login, or of the right token. */
  unauthorized = (): void => undefined;

  status = () => this.get<GatewayStatus>("api/status");
  meters = () => this.get<MeterState[]>("api/meters");
  sensors = (meter?: string) => this.get<SensorState[]>("api/sensors", { meter });
  history = (parameters: Parameters) => this.get<Series>("api/history", parameters);
  energy = (parameters: Parameters) => this.get<Energy>("api/energy", parameters);
  cost = (parameters: Parameters) => this.get<Costs>("api/cost", parameters);
  log = (parameters: Parameters) => this.get<EventPage>("api/events/log", parameters);
  order = (meter: string, action: "start" | "stop") =>
    this.request<MeterStatus>(`api/meters/${encodeURIComponent(meter)}/${action}`, {
      method: "POST",
    });

  get<T>(path: string, parameters: Parameters = {}): Promise<T> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) query.set(name, String(value));
    }
    return this.request<T>(query.size ? `${path}?${query}` : path);
  }

  /** The content of an answer. Throws a RequestError. */
  async request<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await this.fetch(path, init);
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw new RequestError(0, String(error)); // it broke off
    }
  }

  /** The answer 200 to a request. Throws a RequestError that says in plain words what went wrong. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(new URL(path, this.base), {
        ...init,
        credentials: this.token ? "omit" : "same-origin",
        headers: {
          ...init.headers,
          ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}),
        },
      });
    } catch (error) {
      throw new RequestError(0, String(error));
    }
    if (!response.ok) {
      if (response.status === 401) this.unauthorized();
      const told = (await response.json().catch(() => ({}))) as { error?: string };
      const retry_s = Number(response.headers.get("Retry-After"));
      throw new RequestError(response.status, told.error ?? response.statusText, retry_s);
    }
    return response;
  }
}
