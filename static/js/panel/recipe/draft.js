// The part of the form that asks for a draft model: only where one fits.

/** @param {HTMLFormElement} form */
export function createDraft(form) {
  const field = (/** @type {string} */ name) =>
    /** @type {HTMLSelectElement & HTMLInputElement} */ (form.elements.namedItem(name));
  const [draft, propose] = [field("draft"), field("propose")];
  const fits = (/** @type {HTMLOptionElement} */ o) =>
    !o.value || !!o.dataset.models?.split(" ").includes(field("model").value);
  /** Shows what the chosen model can have; a draft that does not fit it is given up. */
  function offer() {
    const options = [...draft.options];
    for (const o of options) o.hidden = o.disabled = !fits(o);
    if (draft.selectedOptions[0]?.disabled) draft.value = "";
    for (const label of form.querySelectorAll("[data-draft], [data-propose]"))
      /** @type {HTMLElement} */ (label).hidden = options.filter(fits).length < 2;
    propose.disabled = !draft.value;
  }
  form.addEventListener("change", offer);
  return { offer };
}
