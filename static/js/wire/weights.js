// Weight matrices: the same in every step, fetched once when an op is looked at.

import { read } from "./decode.js";

/** @import { Problem, Tensor } from "../types.js" */

/**
 * A matrix, null while it is on its way, or why it is not there: a refusal, after which it is soon asked for again or
 * not, or that it is too large to be a picture.
 * @typedef {{tensor: Tensor|null, refused?: Problem, soon?: boolean, large?: boolean}} Weight
 */

const FIRST = 2; // seconds until a server that is short of something is asked again, twice as many each time
const MOST = 30;

/**
 * @param {() => void} changed something has arrived, or is to be asked for again by who still wants it
 * @param {(url: string) => Promise<Response>} [get]
 * @param {(f: () => void, ms: number) => unknown} [later]
 * @returns {(model: string, layer: number, op: string) => Weight}
 */
export function createWeights(changed, get = (url) => fetch(url), later = setTimeout) {
  /** @type {Map<string, Weight & {again?: number}>} with again it is time to ask, and then to wait so many seconds */
  const known = new Map();
  const load = async (/** @type {string} */ url, /** @type {number} */ wait) => {
    try {
      const response = await get(url);
      if (response.ok) known.set(url, { tensor: read(await response.arrayBuffer()).tensors.w });
      else if (response.status === 404) known.set(url, { tensor: null, large: true });
      else {
        const refused = /** @type {Problem} */ (await response.json());
        const weight = { tensor: null, refused, soon: response.status === 503 };
        known.set(url, weight);
        if (weight.soon)
          later(() => {
            known.set(url, { ...weight, again: Math.min(2 * wait, MOST) });
            changed();
          }, 1000 * wait);
      }
      changed();
    } catch {
      known.delete(url); // the server is gone; asked again with the next frame
    }
  };
  return (model, layer, op) => {
    const url = `/weights?${new URLSearchParams({ model, layer: String(layer), op })}`;
    const { again, ...weight } = known.get(url) ?? { tensor: null, again: FIRST };
    if (again) {
      known.set(url, weight);
      load(url, again);
    }
    return weight;
  };
}
