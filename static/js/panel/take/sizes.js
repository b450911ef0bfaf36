// How large what can be taken away will be, in words.

import { si } from "../../format.js";

/** @import { Size, T } from "../../types.js" */

/**
 * What is said of a file before it is made.
 * @param {string} Kind @param {Size} size @param {number} Recorded steps @param {T} t
 */
export function sizeOf(Kind, { first, last, bytes, limit, fits }, Recorded, t) {
  const Limit = si(limit, "B");
  if (fits !== null) return t("take.size.large", { Kind, Limit, To: Math.max(fits, 0) });
  if (last - first + 1 === Recorded || last < first) return t("take.size", { Kind, Size: si(bytes, "B") });
  return t("take.size.some", { Kind, From: first, To: last, Recorded, Size: si(bytes, "B"), Limit });
}
