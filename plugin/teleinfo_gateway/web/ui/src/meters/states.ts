/** The states of a reader and of a line: Domogik's words and the gateway's, with their meaning. */

import type { LinkState, Status } from "../gateway/records";
import type { Tone } from "../look/look";
import { t, type Text } from "../words/language";

interface State {
  tone: Tone;
  text: Text;
}

const STATUSES: Record<Status, State> = {
  starting: { tone: "warn", text: "statusStarting" },
  alive: { tone: "good", text: "statusAlive" },
  "stop-request": { tone: "warn", text: "statusStopRequest" },
  stopped: { tone: "none", text: "statusStopped" },
  "not-configured": { tone: "warn", text: "statusNotConfigured" },
  dead: { tone: "bad", text: "statusDead" },
  invalid: { tone: "bad", text: "statusInvalid" },
  unknown: { tone: "warn", text: "statusUnknown" },
};

const LINKS: Record<LinkState, State> = {
  ok: { tone: "good", text: "linkOk" },
  searching: { tone: "warn", text: "linkSearching" },
  standby: { tone: "warn", text: "linkStandby" },
  silent: { tone: "warn", text: "linkSilent" },
  lost: { tone: "bad", text: "linkLost" },
  "no-port": { tone: "bad", text: "linkNoPort" },
};

/** A status as it is shown; what a later gateway says is shown as it says it. */
export function statusLook(status: Status): { tone: Tone; meaning: string } {
  const state = STATUSES[status] ?? STATUSES.unknown;
  return { tone: state.tone, meaning: t(state.text) };
}

export function linkLook(link: LinkState): { tone: Tone; meaning: string } {
  const state = LINKS[link];
  return state ? { tone: state.tone, meaning: t(state.text) } : { tone: "warn", meaning: link };
}
