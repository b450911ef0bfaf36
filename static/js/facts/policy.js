// The cache policy: its name in words and in links, and where its memory ends.

/** @import { Meta, T } from "../types.js" */

/**
 * @typedef {{kind: string, block?: number, window?: number, sinks?: number, heavy?: number, axis?: string, group?:
 * number, budget?: number}} Policy
 */

/** What the menu calls it: a window with sinks is an entry of its own. @param {Policy} p */
export const entry = (p) => (p.kind === "window" && p.sinks ? "sinks" : p.kind);

/** @param {Policy} p @param {T} t */
export const policyName = (p, t) =>
  t(`policy.name.${entry(p)}`, {
    Block: p.block,
    Window: p.window,
    Sinks: p.sinks,
    Heavy: p.heavy,
    Axis: p.axis ? t(`policy.by.${p.axis}`) : "",
  });

/** Does attention get the very numbers that were computed, all of them? @param {Policy} p */
export const isExact = (p) => p.kind === "contiguous" || p.kind === "paged";

/** The position at which the limit refuses; null if the whole run fits. @param {Meta} meta of a frame */
export const fullAt = ({ use, kv }) => (use?.fits !== undefined && use.fits < kv.capacity ? use.fits : null);

/** A policy from its text, as a link writes it. @param {string} text @returns {Policy} */
export function parsePolicy(text) {
  const [kind, a, b] = text.split(":");
  const n = (/** @type {string|undefined} */ s) => Number(s ?? 0);
  switch (kind) {
    case "paged":
      return { kind, block: n(a) };
    case "window":
      return { kind, window: n(a), sinks: n(b) };
    case "h2o":
      return { kind, window: n(a), heavy: n(b) };
    case "int8":
    case "int4":
      return { kind, axis: a, group: n(b) };
  }
  return { kind };
}

/** A number of bytes with a binary prefix where it is a whole one. @param {number} n */
export const binary = (n) =>
  n % 1048576 === 0 && n ? `${n / 1048576} MiB` : n % 1024 === 0 ? `${n / 1024} KiB` : `${n} B`;
