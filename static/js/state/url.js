// The address bar: the server's link for the moment, plus the viewer's language.

/** The path of the workbench (page.Lab). */
export const LAB = "/lab";

/** The panel that is open at first. A link that says nothing of panels opens it; one with an empty list opens none. */
const AT_FIRST = "history";

/**
 * What an address leaves out, as a server wants to be told it.
 * @param {string} search query string of an address
 * @returns {string}
 */
export function opens(search) {
  const query = new URLSearchParams(search);
  if (!query.has("show")) query.set("show", AT_FIRST);
  return "?" + query;
}

/**
 * @param {string} link query string of the frame @param {string} lang
 * @returns {string}
 */
export function address(link, lang) {
  const query = new URLSearchParams(link);
  if (query.get("show") === AT_FIRST) query.delete("show");
  else if (!query.has("show")) query.set("show", "");
  query.set("lang", lang);
  return "?" + query;
}
