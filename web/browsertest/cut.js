// What people read and cannot read whole: texts that a box cuts, with or without an ellipsis, and choices that are
// wider than the list that shows them. cut_test.go puts this into a page.
(() => {
  // What a person wrote may be longer than any box, the prompt; and a presentation has of the likeliest as many as fit.
  const theirs = "#recipe-open bdi, .text, .queue, .prompt, [data-present] .top-ten, .spoken, .skip, script, style, select, textarea, option";
  const clips = (overflow) => /hidden|clip/.test(overflow);
  const there = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const called = (e) => e.localName + (e.id && "#" + e.id) + [...e.classList].map((c) => "." + c).join("");

  /** The box of an element inside its borders. */
  function inner(e) {
    const r = e.getBoundingClientRect();
    const [left, top] = [r.left + e.clientLeft, r.top + e.clientTop];
    return { left, top, right: left + e.clientWidth, bottom: top + e.clientHeight };
  }

  /** The nearest element that cuts off a text; null: none does, or one scrolls to it. */
  function cutter(e, text) {
    for (; e !== document.documentElement; e = e.parentElement) {
      const s = getComputedStyle(e);
      if (/auto|scroll/.test(s.overflowX + s.overflowY)) return null;
      if (s.position === "fixed" && e !== document.body) return null;
      if (!clips(s.overflowX + s.overflowY) || s.display === "inline") continue;
      const box = inner(e);
      if (box.right - box.left < 3 || box.bottom - box.top < 3) return null; // for those who listen
      if (clips(s.overflowX) && Math.max(text.right - box.right, box.left - text.left) > 1.5) return e;
      const low = Math.max(text.bottom - box.bottom, box.top - text.top);
      if (clips(s.overflowY) && low > 4) return e; // more than the space below a line
    }
    return null;
  }

  window.kvstepCut = () => {
    const said = [];
    const range = document.createRange();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n; (n = texts.nextNode()); ) {
      const e = n.parentElement;
      if (!n.data.trim() || e.closest(theirs) || !there(e)) continue;
      if (e.closest("[title]")?.title.includes(n.data.trim())) continue; // a token's name, told whole to who points at it
      range.selectNodeContents(n);
      const by = cutter(e, range.getBoundingClientRect());
      if (by) said.push(`${called(e)} in ${called(by)}: ${n.data.trim()}`);
    }
    for (const e of document.querySelectorAll("select")) {
      if (!there(e) || !e.selectedOptions[0]) continue;
      const alone = /** @type {HTMLSelectElement} */ (e.cloneNode(false)); // as wide as its one choice needs
      alone.removeAttribute("id");
      alone.append(e.selectedOptions[0].cloneNode(true));
      alone.style.cssText = "position: absolute; visibility: hidden; width: auto; min-width: 0; max-width: none";
      e.after(alone);
      const needs = alone.offsetWidth;
      alone.remove();
      if (needs > e.offsetWidth + 1) said.push(`${called(e)}: ${e.selectedOptions[0].textContent.trim()}`);
    }
    return said;
  };
})();
