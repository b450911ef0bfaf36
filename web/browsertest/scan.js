// What axe need not look at again, and the colours of every theme: axe_test.go puts this
// into a page.
(() => {
  const plain = new Set("HTML BODY MAIN HEADER FOOTER SECTION ARTICLE ASIDE DIV FORM FIELDSET FIGURE DETAILS DIALOG".split(" "));
  // Attributes whose words differ where what they are does not.
  const words = /^(style|title|value|alt|content|src|href|width|height|viewBox|d|x\d?|y\d?|points|transform|fill|data-.*)$/;
  const ids = /^(id|for|name|lang|data-theme|aria-(label|labelledby|describedby|controls|owns|activedescendant|value.*|row.*|col.*|pos.*|set.*))$/;

  const own = (e) =>
    e.localName +
    [...e.attributes].filter((a) => !words.test(a.name)).map((a) => `|${a.name}=${ids.test(a.name) ? !!a.value.trim() : a.value}`).join("");

  const hash = (s) => innerWidth + ":" + [...s].reduce((h, c) => Math.imul(h ^ c.codePointAt(0), 16777619) >>> 0, 2166136261).toString(36);

  /** What a visible element is: tags and attributes without words and numbers, alike neighbours once. */
  function shape(e, shapes) {
    if (!shapes.has(e)) {
      const parts = new Set();
      for (const n of e.childNodes) {
        if (n.nodeType === 3 && n.data.trim()) parts.add("t");
        if (n.nodeType === 1 && n.checkVisibility()) parts.add(shape(n, shapes));
      }
      shapes.set(e, hash(`${own(e)}(${[...parts].join()})`));
    }
    return shapes.get(e);
  }

  /** Notes an element and what stands in it. */
  function learn(e, known, shapes) {
    if (!e.checkVisibility()) return;
    known.add(shape(e, shapes)).add(hash(own(e)));
    if (plain.has(e.tagName)) for (const part of e.children) learn(part, known, shapes);
  }

  /** What of a page nobody knows: of a known container its new parts, else all of it. */
  function unseen(e, known, shapes) {
    if (!e.checkVisibility() || known.has(shape(e, shapes))) return [];
    const alone = !plain.has(e.tagName) || !known.has(hash(own(e))) || [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const parts = alone ? [e] : [...e.children].flatMap((part) => unseen(part, known, shapes));
    known.add(shape(e, shapes));
    if (alone) learn(e, known, shapes);
    return parts;
  }

  /**
   * What axe takes for a violation and is none, the only one: a target is small because a menu lies over
   * it. A press on it closes the menu, and it is whole again.
   */
  function excused(rule, e) {
    if (rule !== "target-size") return false;
    const { left, right, top, bottom } = e.getBoundingClientRect();
    return [left + 1, right - 1].some((x) => [top + 1, bottom - 1].some((y) => {
      const over = document.elementFromPoint(x, y)?.closest("details[name=menu][open], details.menu[open], :popover-open, #transport, #lesson footer");
      return over && !over.contains(e);
    }));
  }

  /** Runs all rules of axe, of every level, with those of colours or without, on what stands on the page and is not known; says how much that was. */
  window.kvstepAxe = async (keys, colors) => {
    const known = new Set(keys);
    const parts = unseen(document.documentElement, known, new Map());
    const values = axe.getRules().map((r) => r.ruleId).filter((id) => colors || !id.startsWith("color-contrast"));
    const asked = { runOnly: { type: "rule", values }, resultTypes: ["violations"], preload: false, elementRef: true };
    const where = parts[0] === document.documentElement ? document : { include: parts };
    const found = parts.length ? (await axe.run(where, asked)).violations : [];
    const said = found.map((v) => ({ ...v, nodes: v.nodes.filter((n) => !excused(v.id, n.element)) })).filter((v) => v.nodes.length);
    return {
      Keys: [...known].slice(keys.length),
      Parts: parts.length,
      Said: said.map((v) => `${v.impact} ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ") + ": " + n.failureSummary).join("; ")}`),
    };
  };

  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const colors = new Map();
  /** A colour, however it is written (a mix in OKLab too), as a screen has it. */
  function numbers(color) {
    if (!colors.has(color)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = color;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      colors.set(color, { rgb: [r, g, b], a: a / 255 });
    }
    return colors.get(color);
  }
  const mix = (under, over, a) => under.map((u, i) => u + (over[i] - u) * a);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  /** What an element and its ancestors paint below its text, and what is veiled: each with what lies behind. */
  function ground(e, grounds) {
    if (!e) return { below: [255, 255, 255], veils: [], picture: false };
    if (!grounds.has(e)) {
      const [style, behind] = [getComputedStyle(e), ground(e.parentElement, grounds)];
      const { rgb, a } = numbers(style.backgroundColor);
      grounds.set(e, {
        below: mix(behind.below, rgb, a),
        veils: style.opacity === "1" ? behind.veils : [[behind.below, Number(style.opacity)], ...behind.veils],
        picture: behind.picture || style.backgroundImage !== "none",
      });
    }
    return grounds.get(e);
  }

  /** The contrast of a text with what is below it, and what it needs; null: pictures are below. */
  function contrast(e, grounds) {
    let { below, veils, picture } = ground(e, grounds);
    if (picture) return null;
    const style = getComputedStyle(e);
    const { rgb, a } = numbers(e instanceof SVGElement ? style.fill : style.color);
    let text = mix(below, rgb, a);
    for (const [back, opacity] of veils) [text, below] = [mix(back, text, opacity), mix(back, below, opacity)];
    const [high, low] = [light(text), light(below)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    return { is: (high + 0.05) / (low + 0.05), needs: size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 4.5 : 7 };
  }

  const written = (e) =>
    [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || (/^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName) && !/^(range|checkbox|radio|hidden|color)$/.test(e.type));
  const idle = (e) =>
    e.closest(":disabled, [aria-disabled=true], [aria-hidden=true], option, script, style, noscript") || e.closest("label")?.control?.disabled;
  const there = (e) => {
    const r = e.getBoundingClientRect();
    return r.width > 1 && r.height > 1 && e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  };

  /** Texts that are too pale in some theme. */
  window.kvstepColors = (themes) => {
    const root = document.documentElement;
    const before = root.dataset.theme;
    const [sheets, still] = [document.adoptedStyleSheets, new CSSStyleSheet()]; // the page allows no <style>
    still.replaceSync("* { transition: none !important; animation: none !important }");
    document.adoptedStyleSheets = [...sheets, still];
    const said = [];
    try {
      const texts = [...document.body.querySelectorAll("*")].filter((e) => written(e) && !idle(e) && there(e));
      for (const theme of themes) {
        root.dataset.theme = theme;
        const grounds = new Map();
        for (const e of texts) {
          const c = contrast(e, grounds);
          if (c && c.is < c.needs) said.push(`${theme}: ${own(e).slice(0, 80)} “${e.textContent.trim().slice(0, 30)}” ${c.is.toFixed(2)} < ${c.needs}`);
        }
      }
      return { Texts: texts.length, Said: said.slice(0, 12) };
    } finally {
      root.dataset.theme = before;
      document.adoptedStyleSheets = sheets;
    }
  };
})();
