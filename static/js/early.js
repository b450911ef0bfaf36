// Runs before the first paint, so that a dark page does not begin with a white
// flash (panel/chrome takes over from here), and before the page's script has come,
// so that the way to the server is open by then (wire/socket.js takes that over).
(() => {
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("kvstep-theme") ?? "auto";
  } catch {
    // private windows refuse storage
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = chosen !== "auto" ? chosen : dark ? "dark" : "light";

  // Nobody is shown the first minute twice who has not asked for it.
  const page = document.documentElement.dataset;
  try {
    if (page.first && location.pathname === "/" && localStorage.getItem("kvstep-been")) delete page.first;
    if (page.first) localStorage.setItem("kvstep-been", "1");
  } catch {
    // then it is shown again
  }

  const { live } = document.documentElement.dataset;
  if (!live) return;
  const url = `${location.origin.replace(/^http/, "ws")}${live}?client=${crypto.randomUUID()}`;
  window.kvstepLive = { url, begun: new WebSocket(url) };
})();
