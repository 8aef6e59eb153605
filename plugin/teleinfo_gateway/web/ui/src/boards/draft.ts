/** A board while it is edited: what it was before each change, for "undo". Outlives the view. */

import { Store } from "../base/store";
import type { Board } from "../gateway/records";

const PAST_MOST = 50;

export interface Draft {
  board: Board;
  past: readonly Board[];
  /** It is not among the saved ones. */
  fresh: boolean;
}

/** The board that is being edited, whichever view is shown. */
export const draft = new Store<Draft | undefined>(undefined);

export function edit(board: Board, fresh: boolean): void {
  draft.value = { board, past: [], fresh };
}

export function change(changes: Partial<Board>): void {
  const before = draft.value;
  if (!before) return;
  const past = [...before.past, before.board].slice(-PAST_MOST);
  draft.value = { ...before, board: { ...before.board, ...changes }, past };
}

export function undo(): void {
  const before = draft.value;
  const board = before?.past.at(-1);
  if (before && board) draft.value = { ...before, board, past: before.past.slice(0, -1) };
}

addEventListener("beforeunload", (event) => {
  if (draft.value?.past.length) event.preventDefault();
});
