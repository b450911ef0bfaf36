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
  /** another branch of the room, 0 for none; no link has it */
  compare?: number;
  cmd: string;
  /** open */
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
