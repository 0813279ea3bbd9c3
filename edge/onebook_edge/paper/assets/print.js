// The browser's own print dialogue; the page is whole without it.
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
