// Finding rows of a table, or items of lists, by what stands in them: `<input data-find="ID">`, where ID is that of the
// table, or of what holds the lists.

/** @param {HTMLInputElement} field */
function find(field) {
  const id = field.dataset.find ?? "";
  const text = field.value.trim().toLowerCase();
  const rows = [...document.querySelectorAll(`#${CSS.escape(id)} > tbody > tr, #${CSS.escape(id)} li`)];
  for (const row of rows) row.toggleAttribute("hidden", !row.textContent?.toLowerCase().includes(text));
  const found = document.getElementById(`${id}-found`);
  if (found) found.textContent = text ? `${rows.filter((row) => !row.hasAttribute("hidden")).length} of ${rows.length}` : "";
}

/** Rows came anew, all to be seen; and a browser that goes back keeps what stood in a field. */
function findAll() {
  for (const field of document.querySelectorAll("input[data-find]")) find(/** @type {HTMLInputElement} */ (field));
}

document.addEventListener("input", ({ target }) => {
  if (target instanceof HTMLInputElement && target.dataset.find) find(target);
});
document.addEventListener("refreshed", findAll);
findAll();
