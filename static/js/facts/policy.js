// The cache policy: its name in words and in links, and where its memory ends. What a
// policy does is in the frame (run.policy); no module asks for its kind.

import { POLICIES, WORDS } from "../wire/policies.js";

/** @import { CachePolicy, Meta, Run, T } from "../types.js" */

/** @typedef {CachePolicy} Policy its kind and its parameters */

/** One of its parameters, by a name that the list of policies has. @param {Policy} p @param {string} name */
export const paramOf = (p, name) => /** @type {Partial<Record<string, number|string>>} */ (p)[name];

/**
 * The name under which it is offered: a window with sinks has one of its own.
 * @param {Policy} p
 */
export const entry = (p) =>
  Object.entries(POLICIES[p.kind].offers).find(([, hidden]) => hidden.every((name) => !paramOf(p, name)))?.[0] ??
  p.kind;

/** @param {string} name */
const capital = (name) => name[0].toUpperCase() + name.slice(1);

/** @param {Policy} p @param {T} t */
export const policyName = (p, t) =>
  t(
    `policy.name.${entry(p)}`,
    Object.fromEntries(
      POLICIES[p.kind].params.map((name) => [
        capital(name),
        WORDS.includes(name) ? t(`policy.by.${paramOf(p, name)}`) : (paramOf(p, name) ?? 0),
      ]),
    ),
  );

/** The position at which the limit refuses; null if the whole run fits. @param {Meta} meta of a frame */
export const fullAt = ({ use, kv }) => (use?.fits !== undefined && use.fits < kv.capacity ? use.fits : null);

/** A policy from its text, as a link writes it. @param {string} text @returns {Policy} */
export function parsePolicy(text) {
  const [kind, ...values] = text.split(":");
  const value = (/** @type {string} */ name, /** @type {number} */ i) =>
    WORDS.includes(name) ? values[i] : Number(values[i] ?? 0);
  const params = Object.fromEntries(POLICIES[kind].params.map((name, i) => [name, value(name, i)]));
  return /** @type {Policy} */ ({ kind, ...params });
}

/** How many tokens each head keeps at most. @param {number[]} keeps first ones, newest, and others of its choice */
export const mostOf = ([first, newest, chosen]) => first + newest + chosen;

/**
 * What the new rows of a pass meet, in each K/V head: rows that were in the cache, and all keys, their own among
 * them. A cache that evicts makes room for a row before that asks: what it finds there is one fewer than a head keeps.
 * @param {Run} run of a frame @param {{cached: number, rows: number}} pass
 */
export function metOf({ policy }, { cached, rows }) {
  const kept = policy.keeps ? Math.min(cached, mostOf(policy.keeps) - 1) : cached;
  return { kept, keys: kept + rows };
}

/**
 * How many of so many tokens each head holds once they are all fed.
 * @param {Run} run of a frame @param {number} tokens
 */
export const keptOf = ({ policy }, tokens) => (policy.keeps ? Math.min(tokens, mostOf(policy.keeps)) : tokens);
