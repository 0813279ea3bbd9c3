// The browser's own print dialogue. What was asked for by a print button opens it by itself.
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
if ("printAtOnce" in document.body.dataset) window.addEventListener("load", () => window.print(), { once: true });
