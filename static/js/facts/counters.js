// What a ledger counts: FLOPs by part of the model.

import { number } from "../format.js";

/** @import { Counters, Frame } from "../types.js" */

export const PARTS = /** @type {const} */ (["qkv", "scores", "av", "out", "mlp", "head"]);

/** The wire leaves zeros out. @param {Counters} counters @param {typeof PARTS[number]} part */
export const flops = (counters, part) => number(counters.flops[part] ?? 0);

/** @param {Counters|null} counters */
export const total = (counters) => (counters ? PARTS.reduce((sum, p) => sum + flops(counters, p), 0) : 0);

/** What one multiplication and addition are counted as. @param {Frame} frame */
export const unitOf = (frame) => (frame.meta.ledger.count.unit === "mac" ? "MAC" : "FLOP");
