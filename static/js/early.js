// Runs before the first paint, so that a dark page does not begin with a white
// flash. panel/chrome takes over from here.
(() => {
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("kvstep-theme") ?? "auto";
  } catch {
    // private windows refuse storage
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = chosen !== "auto" ? chosen : dark ? "dark" : "light";
})();
