// Which heads share K and V.

/** @import { Frame } from "../types.js" */

/**
 * The heads that read what a head reads, numbered as people do; none where each has its own.
 * @param {Frame} frame @returns {number[]}
 */
export function sharers({ meta: { run, pick } }) {
  const each = run.config.heads / run.config.kv_heads;
  return each > 1 ? Array.from({ length: each }, (_, i) => pick.kv_head * each + i) : [];
}
