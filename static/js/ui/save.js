// What leaves the page: files, and texts for the clipboard. Both return what to say.

import { si } from "../format.js";

/** @import { T } from "../types.js" */

/** @param {string} name @param {Blob} blob @param {T} t */
export function save(name, blob, t) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
  return t("take.saved", { Name: name, Size: si(blob.size, "B") });
}

/** @param {string} url @param {T} t */
export async function copy(url, t) {
  try {
    await navigator.clipboard.writeText(url);
    return t("take.copied");
  } catch {
    // no permission: the link stands there to be copied
    return `${t("take.manual")} ${url}`;
  }
}
