// Types that modules share; JSDoc imports them: /** @import { T } from "./types.js" */
// There is no types.js: nothing of this is served.

import type { createActions } from "./actions.js";
import type { createOpening, Held } from "./state/opening.js";
import type { createStore } from "./state/store.js";
import type { createWeights } from "./wire/weights.js";
import type { Frame, Ref, Tensor } from "./wire/frame.js";
import type { T } from "./text.js";

export type { Frame, Held, Ref, Tensor, T };

declare module "./wire/frame.js" {
  /** What a handout adds to its frames (handout/replay.js). */
  interface Meta {
    scope?: Scope;
    /** A link to what this copy lacks. */
    lacking?: string | null;
  }
}

/** What a handout holds (web/export, docs/protocol.md). */
export type Scope = {
  link: string;
  step: number;
  head: number;
  /** First and last step with all ops. */
  ops: [number, number];
  /** First and last step with explanations. */
  explained: [number, number];
  trail: number;
  weights: boolean;
  without: string[];
  per_head: string[];
};

/** A panel of the page: one folder of panel/, one entry of web/page's list. */
export type Panel = {
  /** Of its folder, and of the element that it fills. */
  id: string;
  /** Is it in a handout too, where nothing can be run? */
  offline: boolean;
  /** Is it on the page? Else it is a handout's only. */
  online?: boolean;
  /** Is it painted in the same frame as the panel after it in the list? */
  withNext?: boolean;
  create(root: HTMLElement, host: Host): View;
};

/** What a page or a handout lends to its panels. */
export type Host = {
  store: Store;
  act: Actions;
  /** Is a server there that runs what is asked for? */
  live: boolean;
  /** Where weight matrices come from; arrived is called when one has come. */
  weights: (arrived: () => void) => ReturnType<typeof createWeights>;
  /** Which link is opened; on the page only. */
  opening: ReturnType<typeof createOpening> | null;
};

export type Store = ReturnType<typeof createStore<State>>;
export type Actions = ReturnType<typeof createActions>;

/** Paints a state; before is the one that it painted last. */
export type View = (state: State, before: State) => void;

/** All that a view paints from. */
export type State = {
  /** Null until the first has come. */
  frame: Frame | null;
  lang: string;
  t: T;
  theme: Theme;
  /** A handout: everything was recorded. */
  recorded: boolean;
  connected: boolean;
  /** The connection was there, and is not. */
  lost: boolean;
  /** The page takes one step after the other. */
  playing: boolean;
  problem: Problem | null;
  /** How far a model is that the next run waits for; bytes. */
  loading: { model: string; done: number; total: number } | null;
  /** The cell that is looked at. */
  cell: Cell | null;
  /** What an explanation has been asked for in, and whether the answer is gone to. */
  asked: { frame: Frame | null; focus: boolean } | null;
  /** Why a link has not been opened by itself. */
  held: Held | null;
  /** The form that was sent last, "" for none. */
  sender: string;
  /** The panels that are open and have data of their own; null until the link has said. */
  show: string[] | null;
  /** What the ledger counts; null until the link has said. */
  count: Count | null;
};

/** A refusal: a message of the catalogue, and its arguments. */
export type Problem = { problem: string; args?: Parameters<T>[1] };

/** A cell of a tensor. */
export type Cell = { op: string; row: number; col: number };

export type Count = { unit?: string; pairs?: string; logits?: string };

/** Pixels. */
export type Box = { x: number; y: number; w: number; h: number };

/** A matrix as it is drawn, in cells of equal size. */
export type Plate = Box & {
  name: string;
  rows: number;
  cols: number;
  transposed?: boolean;
  /** One long row, drawn in rows of so many. */
  fold?: number;
  /** Tokens stand above its columns. */
  over?: boolean;
  /** Of the tensor, what other heads have before this one's share. */
  skip?: { row: number; col: number };
};

/** The numbers of a matrix, by row and column as it is drawn. */
export type Grid = {
  rows: number;
  cols: number;
  at: (row: number, col: number) => number;
  max: number;
  signed: boolean;
  masked?: (row: number, col: number) => boolean;
  /** Those of the masked that the cache had evicted. */
  gone?: (row: number, col: number) => boolean;
};

/** Colours by their names in the stylesheet. */
export type Colors = Record<string, string>;

/** What canvases are painted with; ramps have 256 colours. */
export type Theme = {
  colors: Colors;
  font: string;
  em: number;
  sequential: Uint32Array;
  diverging: Uint32Array;
  reads: Uint32Array;
  again: Uint32Array;
};

/** One row of K (side 0) or of V (side 1) in the cache. */
export type Row = { side: number; layer: number; head: number; position: number };

/** What the server is told, as docs/protocol.md has it. */
export type Command = { cmd: string; [field: string]: unknown };
