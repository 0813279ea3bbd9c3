// Keys to touch beside a field: digits, ⌫ takes the last one back, ✓ sends the form.

export function prepareKeys(within) {
  for (const keys of within.querySelectorAll(".keys")) keys.hidden = false;
}

document.addEventListener("click", (event) => {
  const { key, for: id } = event.target.closest?.("[data-key]")?.dataset ?? {};
  if (!key) return;
  const field = document.getElementById(id);
  if (key === "✓") field.form.requestSubmit();
  else field.value = key === "⌫" ? field.value.slice(0, -1) : field.value + key;
});
