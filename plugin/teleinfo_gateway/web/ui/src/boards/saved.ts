/** The boards on the server: everybody sees the same, and nobody overwrites another unawares. */

import { connection } from "../base/element";
import { Store } from "../base/store";
import { RequestError } from "../gateway/gateway";
import type { Board, Boards } from "../gateway/records";

const PATH = "api/boards";

export const saved = new Store<Boards | undefined>(undefined);

/** Somebody else saved in between. */
export class Conflict extends Error {}

/** Read the boards. Throws a RequestError; 404 if this gateway keeps none. */
export async function load(): Promise<Boards> {
  const found = await connection().gateway.get<Boards>(PATH);
  saved.value = found;
  return found;
}

/** Keep these boards instead of the ones that were read. Throws Conflict and RequestError. */
export async function keep(boards: readonly Board[]): Promise<void> {
  const version = saved.value?.version ?? 0;
  try {
    saved.value = await connection().gateway.request<Boards>(PATH, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ version, boards }),
    });
  } catch (error) {
    if (error instanceof RequestError && error.status === 409) throw new Conflict(error.message);
    throw error;
  }
}

/** The boards with one of them as it is now, in its place or at the end. */
export function withBoard(boards: readonly Board[], board: Board): Board[] {
  return boards.some((one) => one.id === board.id)
    ? boards.map((one) => (one.id === board.id ? board : one))
    : [...boards, board];
}
