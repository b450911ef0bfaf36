// Written by make generate from the structs of cmd/kvstep/answers_test.go: do not edit it.

import type { Lane, Recipe, Ref } from "./frame.js";

/** what one viewer looks at. */
export type View = {
  /** nil follows the cursor */
  layer: number | null;
  /** query head */
  head: number;
  /** sequence, in a run of several */
  seq?: number;
  /** the cell whose exact value is shown */
  cell: Cell | null;
  /** the op that is looked at (sim/explain); "" is the attention of one head */
  op: string;
  /**
   * what the viewer asks to have explained: a cell, then the operand of it that was followed, and so on. The last
   * one is explained.
   */
  trail: Ref[];
  /** open panels that need data of their own, see panels */
  show?: string[];
  /** What the ledger counts, whatever the trace counted; "" is as the recipe says. */
  unit?: string;
  /** "allowed" or "dense" */
  pairs?: string;
  /** "last" or "all" */
  logits?: string;
  /** "model@device": the same run at real size */
  real?: string;
  /** A lesson that the viewer is in, its beat, and what they have answered so far: "beat~answer", joined by ";". */
  lesson?: string;
  beat?: string;
  answers?: string;
  /** another branch of the room, 0 for none; no link has it */
  compare?: number;
};

/** one element of one of the frame's tensors. */
export type Cell = {
  op: string;
  row: number;
  col: number;
  /** left out: the cached lane */
  lane?: Lane;
};

/** one message from a page; Cmd says which fields matter. */
export type Command = {
  /** nil follows the cursor */
  layer: number | null;
  /** query head */
  head: number;
  /** sequence, in a run of several */
  seq?: number;
  /** the cell whose exact value is shown */
  cell: Cell | null;
  /** the op that is looked at (sim/explain); "" is the attention of one head */
  op: string;
  /**
   * what the viewer asks to have explained: a cell, then the operand of it that was followed, and so on. The last
   * one is explained.
   */
  trail: Ref[];
  /** open panels that need data of their own, see panels */
  show?: string[];
  /** What the ledger counts, whatever the trace counted; "" is as the recipe says. */
  unit?: string;
  /** "allowed" or "dense" */
  pairs?: string;
  /** "last" or "all" */
  logits?: string;
  /** "model@device": the same run at real size */
  real?: string;
  /** A lesson that the viewer is in, its beat, and what they have answered so far: "beat~answer", joined by ";". */
  lesson?: string;
  beat?: string;
  answers?: string;
  /** another branch of the room, 0 for none; no link has it */
  compare?: number;
  /** lesson: to a beat, whose name and answers are the view's */
  cmd: string;
  /** open; lesson: what somebody has handed in, to go on with */
  link: string;
  /** run */
  recipe: Recipe | null;
  /** forward: layer, token, end; back: layer, token */
  by: string;
  /** seek */
  step: number;
  /** fork */
  token: number;
  /** branch: the policy, as kv.Parse reads it */
  cache: string;
  /** branch: bytes that the cache may take; 0: no limit */
  budget: number;
  /** switch */
  branch: number;
  /** lesson: in which it goes on, "" is the viewer's */
  lang: string;
  /** break: all of them, as breakpoint.Parse reads them */
  breaks: string[];
  /** mark: all of them */
  marks: number[];
};

/** a model that a run waits for: how many bytes of it have been read, of how many; 0 of 0 while nobody knows. */
export type Loading = {
  model: string;
  done: number;
  total: number;
};

/**
 * what a handout holds, as its reader is told ("scope" of the first record). Spans are the first and the last step.
 */
export type Scope = {
  /** where it was made */
  link: string;
  /** looked at when it was made: there the newest row of every op is explained */
  step: number;
  /** whose explanations there are */
  head: number;
  /** that it holds */
  steps: [first: number, last: number];
  /** whose matrices it holds */
  heads: number[];
  /** steps whose ops can be walked */
  ops: [first: number, last: number];
  explained: [first: number, last: number];
  /** cells of the way that was open */
  trail: number;
  weights: boolean;
  /** the ops of which too much would have to be explained. */
  without: string[];
  /** the ops that each head has for itself. */
  per_head: string[];
};

/** what a batch came to under a schedule. */
export type Served = {
  passes: number;
  /** passes to the first token, mean of the requests */
  ttft: number;
  /** passes to each later one, mean of those that have one */
  tpot: number;
  rows: number;
  padded: number;
  /** slots without work, summed over passes */
  idle: number;
  slots: number;
  tokens: number;
  weight_bytes: number;
  preempted?: number;
  /** rows, because of that */
  recomputed?: number;
  requests: RequestServing[];
};

/** what one of its requests came to. */
export type RequestServing = {
  ttft: number;
  /** null with one token */
  tpot: number | null;
  tokens: number;
  done: string;
};

/** what a file of a run will be, known before anything is run. */
export type Size = {
  /** step that it holds */
  first: number;
  last: number;
  /** about; of a handout at most */
  bytes: number;
  /** bytes that such a file may have */
  limit: number;
  /** null where it can be made; else the last step up to which it could. */
  fits: number | null;
};

/** one row of the comparison. */
export type Variant = {
  model: string;
  cache: string;
  /** it is what the page shows */
  here: boolean;
  heads: number;
  kv_heads: number;
  bytes_per_token: number;
  used: number;
  kv_read_bytes: number;
  flops: number;
  text: string;
  tokens: number;
  /** number of the first token that differs from the exact run of the page's model */
  parts: number | null;
  max_delta: number;
  exact: boolean;
  link: string;
};

/** a lesson at one of its beats. */
export type Play = {
  name: string;
  version: string;
  title: string;
  /** of its words, where they are not in the reader's language */
  lang?: string;
  /** from 0 */
  beat: number;
  /** how many there are */
  beats: number;
  id: string;
  /** it takes the whole page */
  first?: boolean;
  heading: string;
  text: Block[];
  next?: string;
  /** the ids of the beats beside it */
  before?: string;
  /** layer or token: how the run is seen to walk there */
  play?: string;
  /** press, step, pick or answer: what the learner does to go on */
  go: string;
  /** the beat's moment; -1 is before the first step */
  step: number;
  /** tells that the cursor is at the beat's moment, and everything that it says is of this run. */
  here: boolean;
  open?: string[];
  light?: string[];
  ask?: Ask;
  /** says what of the beat cannot be played on this run, all of it or its question: a message of the catalogue. */
  cannot?: Cannot;
};

/** a paragraph or a list. Of a list, each item is a block. */
export type Block = {
  /** p, ul, ol, li or pre */
  is: string;
  words?: Piece[];
  items?: Block[];
};

/** a stretch of words. Its kind says what can be done with it. */
export type Piece = {
  /** em, strong, code, n (a number), term, light, lab, panel, lesson, br; "" is text */
  is?: string;
  text?: string;
  /** the term, the part that it lights, the address in the workbench, the panel, the lesson */
  to?: string;
  words?: Piece[];
};

/** a question, and what became of an answer to it. */
export type Ask = {
  kind: string;
  text: Block[];
  unit?: string;
  several?: boolean;
  choices?: Offer[];
  cells?: Cells;
  /** of a curve */
  points?: number;
  /** that one of them can have */
  most?: number;
  /** the step that grades it */
  reveal: number;
  /** the answer */
  given?: string;
  /** once there is an answer and the run has come that far */
  graded?: Grade;
};

/** one of those that a question offers. */
export type Offer = {
  id: string;
  text: Piece[];
};

/** says which cells of the picture are to be picked. */
export type Cells = {
  op: string;
  lane: string;
  /** row, col or cell */
  by: string;
  /** picking one answers */
  one?: boolean;
  rows?: number;
  cols?: number;
};

/** what somebody is told who has answered. */
export type Grade = {
  right: boolean;
  /** the right one */
  answer: string;
  /** of a number and a token: what was given, as people read it */
  given?: string;
  /** and what is right */
  came?: string;
  /** the reply */
  says?: Block[];
};

/** a message with what it is about. */
export type Cannot = {
  id: string;
  /** that the run never has */
  moment?: string;
  /** that the lesson is for */
  models?: string;
};

/**
 * what somebody hands in: where they are in a lesson, and what they have answered. As JSON it is a file; as keys of
 * an address it leads back there (static/js/facts/handin.js writes both).
 */
export type HandIn = {
  lesson: string;
  /** of the lesson as it was played; "" where nobody knows */
  version: string;
  /** of the learner, if they gave one */
  name: string;
  lang: string;
  beat: string;
  /** by beats */
  answers: Record<string, string>;
  /**
   * the rest of the address: the run, and what is looked at. One without a step is a lesson's own run, with what
   * else it says in its place.
   */
  moment: Record<string, string[]>;
};

/** one lesson of the menu, in the reader's language. */
export type LessonEntry = {
  name: string;
  title: string;
  minutes: number;
  beats: number;
};
