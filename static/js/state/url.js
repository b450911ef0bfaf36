// The address bar: the server's link for the moment, plus the viewer's language.

/**
 * @param {string} link query string of the frame @param {string} lang
 * @returns {string}
 */
export function address(link, lang) {
  const query = new URLSearchParams(link);
  query.set("lang", lang);
  return "?" + query;
}
