// What a ledger counts: FLOPs by part of the model.

import { number } from "../format.js";

<<<<<<< HEAD
/** @import { Frame } from "../types.js" */

export const PARTS = ["qkv", "scores", "av", "out", "mlp", "head"];
=======
export const PARTS = /** @type {const} */ (["qkv", "scores", "av", "out", "mlp", "head"]);
>>>>>>> h/lens

/** The wire leaves zeros out. @param {any} counters @param {string} part */
export const flops = (counters, part) => number(counters.flops[part] ?? 0);

/** @param {any} counters */
export const total = (counters) => (counters ? PARTS.reduce((sum, p) => sum + flops(counters, p), 0) : 0);

/** What one multiplication and addition are counted as. @param {Frame} frame */
export const unitOf = (frame) => (frame.meta.ledger.count.unit === "mac" ? "MAC" : "FLOP");
