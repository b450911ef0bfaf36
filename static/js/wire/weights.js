// Weight matrices: the same in every step, fetched once when an op is looked at.

import { read } from "./decode.js";

/** @import { Tensor } from "../types.js" */

/**
 * @param {() => void} arrived
 * @param {(url: string) => Promise<Response>} [get]
 * @returns {(model: string, layer: number, op: string) => Tensor|null} null while it is on its way
 */
export function createWeights(arrived, get = (url) => fetch(url)) {
  /** @type {Map<string, Tensor|null>} */
  const known = new Map();
  const load = async (/** @type {string} */ url) => {
    try {
      const response = await get(url);
      if (!response.ok) return; // too large to be a picture: its place stays empty
      known.set(url, read(await response.arrayBuffer()).tensors.w);
      arrived();
    } catch {
      known.delete(url); // the server is gone; asked again with the next frame
    }
  };
  return (model, layer, op) => {
    const url = `/weights?${new URLSearchParams({ model, layer: String(layer), op })}`;
    if (!known.has(url)) {
      known.set(url, null);
      load(url);
    }
    return known.get(url) ?? null;
  };
}
