// Finding rows of a table by what stands in them: `<input data-find="ID">`, where ID is the table's.

/** @type {NodeListOf<HTMLInputElement>} */
const fields = document.querySelectorAll("input[data-find]");

/** @param {HTMLInputElement} field */
function find(field) {
  const id = field.dataset.find ?? "";
  const text = field.value.trim().toLowerCase();
  const rows = [...document.querySelectorAll(`#${CSS.escape(id)} > tbody > tr`)];
  for (const row of rows) row.toggleAttribute("hidden", !row.textContent?.toLowerCase().includes(text));
  const found = document.getElementById(`${id}-found`);
  if (found) found.textContent = text ? `${rows.filter((row) => !row.hasAttribute("hidden")).length} of ${rows.length}` : "";
}

for (const field of fields) field.addEventListener("input", () => find(field));
document.addEventListener("refreshed", () => fields.forEach(find)); // Rows came anew, all to be seen.
fields.forEach(find); // A browser that goes back keeps what stood in a field.
