// The map page keeps itself up to date: every few seconds it asks for its changing part again. It works without this, too.
"use strict";

const LOOK_EVERY_MS = 5_000;

async function look() {
  const place = new URLSearchParams(location.search).get("place") ?? "";
  const answer = await fetch(`/map/part?${new URLSearchParams({ place, lang: language })}`).catch(() => null);
  if (answer?.status === 401 || answer?.redirected) return askToSignIn();
  showLive(answer?.ok ?? false);
  if (answer?.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("map"));
  setTimeout(look, LOOK_EVERY_MS);
}

// A picture that says the same is left alone: whoever is about to press a link keeps it under the finger, and the focus.
function show(fresh) {
  const shown = part("map");
  if (fresh && fresh.innerHTML !== shown.innerHTML) {
    const focused = document.activeElement?.getAttribute("href");
    shown.replaceChildren(...fresh.childNodes);
    if (focused) shown.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
}

look();
