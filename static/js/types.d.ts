// Types that modules share; JSDoc imports them: /** @import { T } from "./types.js" */
// There is no types.js: nothing of this is served.

import type { Frame, Tensor } from "./wire/frame.js";
import type { T } from "./text.js";

export type { Frame, Tensor, T };

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
  /** Those of the masked that the cache had let go. */
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

/** A cell of an op in a step. */
export type Ref = { step: number; op: string; head: number; row: number; col: number };

/** One row of K (side 0) or of V (side 1) in the cache. */
export type Row = { side: number; layer: number; head: number; position: number };
