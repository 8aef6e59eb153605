/** The view "boards": dashboards that the reader composes of widgets, kept on the server. */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { TiElement, connection, shared } from "../base/element";
import { Watching } from "../base/store";
import { RequestError } from "../gateway/gateway";
import type { Board, Widget } from "../gateway/records";
import { look } from "../look/look";
import { address, route, show } from "../route";
import { t } from "../words/language";
import { BOARDS_MOST, NAME_MOST, WIDGETS_MOST, makeId, proposal } from "./board";
import type { TiBoardQuestion } from "./board-question";
import { change, draft, edit, undo, type Draft } from "./draft";
import { added, placed } from "./layout";
import { Conflict, keep, load, saved, withBoard } from "./saved";
import type { TiWidgetForm } from "./widget-form";
import "./board-grid";
import "./board-question";
import "./widget-form";
import "../widgets/all";

/** What is done to the boards of the server. */
type Change = (boards: readonly Board[]) => Board[];

const { live } = connection();

@customElement("ti-boards")
export class TiBoards extends TiElement {
  static override styles = [
    shared,
    look,
    css`
      :host { display: grid; gap: var(--ti-space-4); grid-template-columns: minmax(0, 1fr); }
      nav[hidden] { display: none; }
      nav { display: flex; flex: 1; flex-wrap: wrap; gap: var(--ti-space-1); }
      nav a {
        padding: var(--ti-space-1) var(--ti-space-3); border-bottom: 2px solid transparent;
        color: var(--ti-ink-soft); text-decoration: none; overflow-wrap: anywhere;
      }
      nav a:hover { color: var(--ti-ink); }
      nav a[aria-current] { border-color: var(--ti-accent); color: var(--ti-ink); font-weight: 600; }
      .tools, .buttons { position: sticky; z-index: 2; top: 0; background: var(--ti-ground); }
      .tools { padding: var(--ti-space-2) 0; }
      .tools input { flex: 1 1 12rem; min-width: 0; max-width: 20rem; font-weight: 600; }
      .empty {
        padding: var(--ti-space-8) var(--ti-space-4); border: 2px dashed var(--ti-line);
        text-align: center;
      }
      .danger { color: var(--ti-bad); }
      @media (max-width: 48rem) {
        .tools { display: contents; }
        .tools input { max-width: none; }
        .buttons { padding: var(--ti-space-2) 0; }
        .buttons button { padding: 0 var(--ti-space-2); }
      }
    `,
  ];

  @state() private problem = "";
  /** A change that was refused since somebody else saved in between. */
  @state() private conflict: { changed: Change; shown: Board | undefined } | undefined;
  @state() private saving = false;
  /** This gateway keeps no boards: the proposal is all there is. */
  @state() private absent = false;

  @query("ti-widget-form") private form!: TiWidgetForm;
  @query("ti-board-question") private question!: TiBoardQuestion;

  #proposed: Board | undefined;

  constructor() {
    super();
    new Watching(this, route, saved, draft, live.meters);
    this.addEventListener("keydown", this.#keys);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render(): TemplateResult {
    const edited = draft.value;
    const boards = saved.value?.boards ?? [];
    const shown = edited?.board ?? this.#shown(boards);
    return html`
      ${this.#told()}
      ${edited ? this.#editing(edited) : this.#choosing(boards, shown)}
      ${shown ? this.#board(shown, !!edited) : this.#waiting()}
      <ti-widget-form @chosen=${this.#chosen}></ti-widget-form>
      <ti-board-question></ti-board-question>
    `;
  }

  /** The board of the address, else the first one, else the proposal. */
  #shown(boards: readonly Board[]): Board | undefined {
    const wanted = route.value.parameters.get("board");
    return boards.find((board) => board.id === wanted) ?? boards[0] ?? this.#proposal();
  }

  #proposal(): Board | undefined {
    if (!saved.value && !this.absent) return undefined;
    const meters = live.meters.value;
    if (meters.size) this.#proposed ??= proposal(meters.values());
    return this.#proposed;
  }

  #waiting(): TemplateResult | typeof nothing {
    return this.problem ? nothing : html`<p class="soft">${t("loading")}</p>`;
  }

  #told(): TemplateResult | typeof nothing {
    if (this.conflict) {
      return html`<div class="problem" role="alert">
        <p>${t("boardConflict")}</p>
        <div class="row">
          <button @click=${this.#takeTheirs}>${t("boardTakeTheirs")}</button>
          <button @click=${this.#keepMine}>${t("boardKeepMine")}</button>
        </div>
      </div>`;
    }
    if (!this.problem) return nothing;
    return html`<div class="problem row spread" role="alert">
      <p>${this.problem}</p>
      ${saved.value ? nothing : html`<button @click=${this.#load}>${t("again")}</button>`}
    </div>`;
  }

  #choosing(boards: readonly Board[], shown: Board | undefined): TemplateResult {
    const full = boards.length >= BOARDS_MOST;
    return html`
      <div class="row spread">
        <h2>${t("boards")}</h2>
        <nav aria-label=${t("boards")} ?hidden=${boards.length < 2}>
          ${boards.map(
            (board) =>
              html`<a href=${address("boards", { board: board.id })} aria-current=${board === shown ? "page" : nothing}
                >${board.name}</a
              >`,
          )}
        </nav>
        ${saved.value
          ? html`<div class="row">
              <button ?disabled=${full} title=${full ? t("boardsFull", { most: BOARDS_MOST }) : ""} @click=${this.#add}>
                ${t("boardNew")}
              </button>
              ${shown && boards.length
                ? html`<button @click=${() => edit(shown, false)}>${t("boardEdit")}</button>`
                : nothing}
            </div>`
          : nothing}
      </div>
      ${boards.length || !shown ? nothing : this.#offer(shown)}
    `;
  }

  #offer(board: Board): TemplateResult {
    return html`<div class="card row spread">
      <p>${t(this.absent ? "boardsAbsent" : "boardProposed")}</p>
      ${this.absent
        ? nothing
        : html`<div class="row">
            <button ?disabled=${this.saving} @click=${() => edit(board, true)}>${t("boardEdit")}</button>
            <button
              class="main"
              aria-disabled=${this.saving}
              @click=${() => this.#keep((boards) => withBoard(boards, board))}
            >
              ${t("boardKeep")}
            </button>
          </div>`}
    </div>`;
  }

  #editing({ board, past, fresh }: Draft): TemplateResult {
    const full = board.widgets.length >= WIDGETS_MOST;
    return html`<h2 class="hidden">${t("boardTools")}</h2>
      <div class="tools row spread" role="toolbar" aria-label=${t("boardTools")}>
      <input
        aria-label=${t("boardName")}
        maxlength=${NAME_MOST}
        required
        .value=${board.name}
        @change=${this.#rename}
      />
      <div class="row buttons">
        <button
          ?disabled=${full}
          title=${full ? t("widgetsFull", { most: WIDGETS_MOST }) : ""}
          @click=${() => this.form.ask()}
        >
          ${t("widgetAdd")}
        </button>
        <button ?disabled=${!past.length} @click=${undo}>${t("undo")}</button>
        ${fresh ? nothing : html`<button class="danger" @click=${this.#delete}>${t("boardDelete")}</button>`}
        <button @click=${this.#cancel}>${t("cancel")}</button>
        <button class="main" aria-disabled=${this.saving} @click=${this.#save}>
          ${t(this.saving ? "boardSaving" : "boardSave")}
        </button>
      </div>
    </div>`;
  }

  #board(board: Board, editing: boolean): TemplateResult {
    if (!board.widgets.length) {
      return html`<p class="card empty">${t(editing ? "boardEmptyEdit" : "boardEmpty")}</p>`;
    }
    return html`<ti-board-grid
      .widgets=${board.widgets}
      ?editing=${editing}
      @change=${(event: CustomEvent<Widget[]>) => change({ widgets: event.detail })}
      @bind=${this.#bind}
    ></ti-board-grid>`;
  }

  async #load(): Promise<void> {
    this.problem = "";
    try {
      await load();
      this.absent = false;
    } catch (error) {
      this.absent = error instanceof RequestError && error.status === 404;
      if (!this.absent) this.problem = t("failed", { reason: (error as Error).message });
    }
  }

  #add(): void {
    edit({ id: makeId(), name: t("boardNewName"), widgets: [] }, true);
  }

  #rename(event: Event): void {
    const input = event.target as HTMLInputElement;
    const name = input.value.trim();
    if (name && name !== draft.value?.board.name) change({ name });
    else input.value = draft.value?.board.name ?? "";
  }

  #bind(event: CustomEvent<string>): void {
    const widget = draft.value?.board.widgets.find((one) => one.id === event.detail);
    if (widget) void this.form.ask(widget);
  }

  #chosen(event: CustomEvent<{ widget: Widget; fresh: boolean }>): void {
    const { widget, fresh } = event.detail;
    const widgets = draft.value?.board.widgets;
    if (!widgets) return;
    if (fresh) {
      change({ widgets: added(widgets, widget) });
      return;
    }
    const { id, x, y, w, h, ...bound } = widget;
    const others = widgets.map((one) => (one.id === id ? { ...one, ...bound } : one));
    change({ widgets: placed(others, id, { x, y, w, h }) });
  }

  async #save(): Promise<void> {
    const board = draft.value?.board;
    if (board) await this.#keep((boards) => withBoard(boards, board), board);
  }

  async #delete(): Promise<void> {
    const board = draft.value?.board;
    if (!board || !(await this.question.ask(t("boardDeleteSure", { name: board.name }), t("boardDelete")))) return;
    await this.#keep((boards) => boards.filter((one) => one.id !== board.id));
  }

  /** Have the server keep the boards with this change; what was edited is over when it has. */
  async #keep(changed: Change, shown?: Board): Promise<void> {
    if (this.saving) return;
    this.saving = true;
    this.problem = "";
    this.conflict = undefined;
    try {
      await keep(changed(saved.value?.boards ?? []));
      this.#leave(shown);
    } catch (error) {
      if (error instanceof Conflict) this.conflict = { changed, shown };
      else this.problem = t("boardNotSaved", { reason: (error as Error).message });
    }
    this.saving = false;
    await this.updateComplete; // what went wrong is told at the top: the reader may be far below
    this.renderRoot.querySelector("[role=alert]")?.scrollIntoView({ block: "center" });
  }

  async #cancel(): Promise<void> {
    const safe = !draft.value?.past.length;
    if (safe || (await this.question.ask(t("boardCancelSure"), t("boardDiscard")))) this.#leave(draft.value?.board);
  }

  #leave(shown?: Board): void {
    this.conflict = undefined;
    this.problem = "";
    draft.value = undefined;
    if (shown) show("boards", { board: shown.id });
  }

  async #takeTheirs(): Promise<void> {
    this.#leave(draft.value?.board);
    await this.#load();
  }

  /** The same change once more, to the boards as they are now. */
  async #keepMine(): Promise<void> {
    const refused = this.conflict;
    await this.#load();
    if (refused && !this.problem) await this.#keep(refused.changed, refused.shown);
  }

  readonly #keys = (event: KeyboardEvent): void => {
    const typing = event.composedPath()[0] instanceof HTMLInputElement;
    if (typing || event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    undo();
  };
}
