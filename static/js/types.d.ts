// Types that modules share; JSDoc imports them: /** @import { T } from "./types.js" */
// There is no types.js: nothing of this is served.

import type { createActions } from "./actions.js";
import type { createOpening, Held } from "./state/opening.js";
import type { createStore } from "./state/store.js";
import type { createWeights } from "./wire/weights.js";
import type * as answers from "./wire/answers.js";
import type { Count, Frame, Meta, Recipe, Tensor } from "./wire/frame.js";
import type { Args, T } from "./text.js";

export type { Args, Held, T };
export type * from "./wire/frame.js";
export type {
  Ask,
  Block,
  Cell,
  Grade,
  HandIn,
  LessonEntry,
  Loading,
  Piece,
  Play,
  Scope,
  Served,
  Size,
  Variant,
} from "./wire/answers.js";

declare global {
  interface Window {
    /** The socket that js/early.js has begun. */
    kvstepLive: { url: string; begun: WebSocket };
    /** What js/main.js lends to the panels of js/later.js, and is told when they are there. */
    kvstepLater: { host: Host; done: () => void };
  }
}

declare module "./wire/frame.js" {
  /** What a handout adds to its frames (handout/replay.js). */
  interface Meta {
    /** What the viewer's lesson says at its beat (sim/lesson). */
    lesson?: answers.Play;
    scope?: answers.Scope;
    /** A link to what this copy lacks. */
    lacking?: string | null;
  }
  interface Tensor {
    /** Of pairs: the position of the first query. Of later keys than a query's own there is no number. */
    cached?: number;
  }
  /** What the page adds to the tensors of a frame (wire/triangle.js). */
  interface Tensors {
    /** U8 [m, T]: 0 a later key, 1 one that is seen, 2 one that the cache had evicted. */
    mask?: Tensor;
  }
}

/** The cards of the glossary, by id (docs/glossary.md). */
export type Glossary = Record<string, { name: string; says: string[]; formula?: string; see?: string }>;

/** A frame that has these keys, as those of a batch have peers. */
export type With<K extends keyof Meta> = Frame & { meta: { [k in K]-?: NonNullable<Meta[k]> } };

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
  /** A recorded moment by its step, without going there; in a handout only. */
  moments: ((step: number) => Frame) | null;
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
  /** Why there is no connection; null until that is known. */
  lost: Problem | null;
  /** The page takes one step after the other. */
  playing: boolean;
  /** How fast: 1 is about two steps a second. */
  speed: number;
  problem: Problem | null;
  /** How far a model is that the next run waits for; bytes. */
  loading: answers.Loading | null;
  /** The cell that is looked at. */
  cell: answers.Cell | null;
  /** What an explanation has been asked for in, and whether the answer is gone to. */
  asked: { frame: Frame | null; focus: boolean } | null;
  /** how often somebody here has moved the run, or started one */
  moves: number;
  /** Why a link has not been opened by itself. */
  held: Held | null;
  /** The fields of the recipe in which the form differs from the run: they are not yet run. */
  pending: string[];
  /** The form that was sent last, "" for none. */
  sender: string;
  /** The panels that are open and have data of their own; null until the link has said. */
  show: string[] | null;
  /** What the ledger counts; null until the link has said. */
  count: Counted | null;
  /** The cells that a question of a lesson asks for. */
  guess: Guess | null;
};

/** Cells that are picked on the picture as an answer, as facts/lesson.js names them. */
export type Guess = answers.Cells & { picked: string; right: string | null; open: boolean };

/** A refusal: a message of the catalogue, and its arguments. */
export type Problem = { problem: string; args?: Args };

/** What the ledger is asked to count. */
export type Counted = Pick<answers.View, keyof Count>;

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
  /** What at reads, where it is all there: painted in one loop. Numbers from one row, or one column, to the next. */
  data?: Tensor["data"];
  down?: number;
  across?: number;
  max: number;
  signed: boolean;
  masked?: (row: number, col: number) => boolean;
  /** Those of the masked that the cache had evicted. */
  gone?: (row: number, col: number) => boolean;
  /** Rows at the top, or columns at the left, that are computed again. */
  again?: { rows: number; cols: number };
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

type Told<Cmd extends string, Field extends keyof answers.Command = "cmd"> = { cmd: Cmd } & Pick<
  answers.Command,
  "cmd" | Field
>;
type OtherOp = Partial<Pick<answers.Command, "op">>;

/** What the server is told, as docs/protocol.md has it. */
export type Command =
  | Told<"open", "link">
  | (Told<"run"> & Record<Extract<keyof answers.Command, "recipe">, Asked>)
  | (Told<"forward" | "back", "by"> & OtherOp)
  | (Told<"seek", "step"> & OtherOp)
  | Told<"pause" | "stop">
  | Told<"fork", "token">
  | Told<"branch", "cache" | "budget">
  | Told<"switch", "branch">
  | Told<"break", "breaks">
  | Told<"mark", "marks">
  | (Told<"lesson", "lesson" | "beat" | "answers"> & Partial<Pick<answers.Command, "lang">>)
  | Told<"lesson", "link">
  | Told<"pick", keyof answers.View>;

/** What a viewer of a handout looks at. */
export type Looked = Pick<answers.View, "layer" | "head"> & Partial<answers.View>;

/** A recipe as a form has it; what is left out is as the server has it. */
export type Asked = { [k in keyof Recipe]?: Recipe[k] | string };
