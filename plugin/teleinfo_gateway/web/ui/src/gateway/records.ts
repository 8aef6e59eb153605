/** Made from the records of the HTTP API (make records): do not edit. */

export interface Announced {
  meter: string;
  value: string;
  detail: string;
  time: string;
}

export interface Board {
  id: string;
  name: string;
  widgets: Widget[];
}

export interface Boards {
  version: number;
  boards: Board[];
}

export type Colour = "none" | "blue" | "white" | "red";

export interface Configuration {
  path: string | null;
  text: string;
  faults: Fault[];
  loaded_at: string;
}

export interface ContractCost {
  contract: string | null;
  own: boolean;
  problem: string | null;
  periods: PeriodCost[];
  total: PeriodCost | null;
}

export interface ContractSeen {
  optarif: string;
  since: string;
  slots: Record<string, string>;
}

export interface Cost {
  contract: string;
  option: string;
  start: string;
  end: string;
  power_kva: number | null;
  redistributed: boolean;
  slots: SlotCost[];
  subscription_euros: string;
  taxes_euros: string;
  injected_wh: number;
  injected_euros: string;
  total_euros: string;
  complete: boolean;
  days_without_price: number;
  unpriced_wh: number;
  unknown_slot_wh: number;
  not_reckoned_wh: number;
  estimated_wh: number;
  seen_s: number;
  hours_above_power: number | null;
  sources: string[];
}

export interface Costs {
  meter: string | null;
  adco: string | null;
  grain: Grain | null;
  costs: ContractCost[];
}

export interface CurveTold {
  unit: string;
  value: (number | null)[];
  min: (number | null)[] | null;
  max: (number | null)[] | null;
}

export interface Energy {
  meter: string | null;
  adco: string | null;
  grain: Grain;
  periods: PeriodEnergy[];
  total: PeriodEnergy;
}

export interface Estimate {
  estimated: true;
  active_power_w: number | null;
  error_w: number | null;
  window_s: number | null;
  injected_power_w: number | null;
  load_percent: number | null;
  margin_va: number | null;
  margin_a: number | null;
  breaker_s: number | null;
  tempo: Tempo | null;
}

export interface EventPage {
  events: EventTold[];
  next: number | null;
}

export interface EventTold {
  seq: number;
  time: string;
  meter: string | null;
  adco: string | null;
  kind: string;
  value: string;
  detail: string;
}

export interface Failure {
  error: string;
}

export interface Fault {
  path: string;
  line: number | null;
  message: string;
}

export type FrameKind = "long" | "short" | "standby" | "interrupted" | "partial";

export interface GatewayStatus {
  name: string;
  version: string;
  status: Status;
  since: string;
  uptime_s: number;
  demonstration: boolean;
  meters: Record<string, Status>;
  outputs: Record<string, Record<string, string | number | boolean>>;
}

export type Grain = "hour" | "day" | "week" | "month" | "year";

export interface Health {
  status: Status;
}

export interface Index {
  name: string;
  version: string;
  routes: Record<string, string>;
}

export type Kind = "identity" | "index" | "power" | "current" | "voltage" | "duration" | "number" | "code" | "text" | "register" | "profile" | "clock";

export interface LabelTold {
  name: string;
  mode: Mode;
  kind: Kind;
  unit: string;
  en: string;
  fr: string;
  meanings: Record<string, [string, string]>;
}

export interface LinkChange {
  meter: string;
  link: LinkState;
  link_since: string;
  link_detail: string;
}

export type LinkState = "searching" | "ok" | "standby" | "silent" | "lost" | "no-port";

export interface Login {
  password: string;
}

export interface MeterChange {
  meter: string;
  change: string;
  detail: string;
  time: string;
}

export interface MeterState {
  name: string;
  type: string;
  device: string;
  interval: number;
  mode: Mode | null;
  status: Status;
  since: string;
  link: LinkState;
  link_since: string;
  link_detail: string;
  adco: string | null;
  replaces: string | null;
  last_received: string | null;
  frames: Record<string, number>;
  groups: number;
  refused: Record<string, number>;
  parity_hits: number;
  eots: number;
  overruns: number | null;
  bytes: number;
  bytes_per_second: number;
  error_rate: Record<string, number | null>;
  advice: string;
  estimate: Estimate;
}

export interface MeterStatus {
  name: string;
  status: Status;
}

export type Mode = "historique" | "standard";

export interface OutageTold {
  start: string;
  end: string;
  tariffs: TariffEnergy[];
  unknown_wh: number | null;
  injected_wh: number | null;
}

export interface PeriodCost {
  start: string;
  end: string;
  total_euros: string;
  complete: boolean;
  parts: Cost[];
  without_contract: WithoutContract[];
  outage_wh: number;
}

export interface PeriodEnergy {
  start: string;
  end: string;
  wh: number | null;
  tariffs: TariffEnergy[];
  unknown_wh: number | null;
  injected_wh: number | null;
  seconds: number;
  coverage: number;
  papp_min: number | null;
  papp_mean: number | null;
  papp_max: number | null;
  outages: OutageTold[];
}

export interface ReadingRefused {
  reading: number;
  reason: string;
}

export interface ReadingTold {
  meter: string;
  adco: string;
  time: string;
  mode: Mode;
  kind: FrameKind;
  complete: boolean;
  values: Record<string, string>;
  historique: Record<string, string>;
}

export type Reason = "too long" | "parity" | "control character" | "charset" | "format" | "checksum" | "size" | "value";

export interface Reloaded {
  faults: Fault[];
}

export interface SensorState {
  meter: string;
  adco: string | null;
  reference: string;
  name: string;
  data_type: string;
  unit: string;
  timeout: number;
  last_value: string | null;
  last_received: string | null;
  lost: boolean;
}

export interface Sent {
  meter: string | null;
  interval: number;
  readings: SentReading[];
}

export interface SentReading {
  time: string;
  mode: Mode;
  values: Record<string, string>;
  horodates: Record<string, string>;
}

export interface Series {
  meter: string | null;
  adco: string | null;
  start: string;
  end: string;
  step_s: number;
  time: number[];
  slot: (number | null)[];
  contracts: ContractSeen[];
  values: Record<string, CurveTold>;
}

export interface Session {
  login: boolean;
  required: boolean;
  scopes: string[];
}

export interface SlotCost {
  slot: number;
  name: string;
  wh: number;
  euros: string;
}

export interface Stale {
  error: string;
  version: number;
}

export type Status = "unknown" | "starting" | "alive" | "stop-request" | "stopped" | "not-configured" | "invalid" | "dead";

export interface StatusChange {
  meter: string | null;
  status: Status;
  since: string;
}

export interface Taken {
  stored: number;
  known: number;
  closed: number;
  refused: number;
  reasons: ReadingRefused[];
}

export interface TariffEnergy {
  optarif: string;
  slot: number;
  name: string;
  wh: number | null;
  seconds: number;
  papp_min: number | null;
  papp_mean: number | null;
  papp_max: number | null;
}

export interface Tempo {
  today: Colour | null;
  tomorrow: Colour | null;
  since: string;
  blue: number;
  white: number;
  red: number;
  not_seen: number;
}

export interface ValueRefused {
  meter: string;
  label: string;
  value: string;
  detail: string;
  time: string;
}

export interface Widget {
  id: string;
  kind: string;
  meter: string | null;
  sensor: string | null;
  options: Record<string, boolean | number | string | (boolean | number | string | null)[] | null>;
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface WithoutContract {
  option: string;
  wh: number;
}
