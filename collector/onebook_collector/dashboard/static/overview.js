// The overview page keeps itself up to date: it listens to /overview/events and fills in what changed.
// Whatever came from a device or a person goes through textContent; nothing is ever read as markup.
"use strict";

const MOVEMENTS_SHOWN_MAX = 30;
const CLIMATE_EVERY_MS = 60_000;

function fill(element, view) {
  element.dataset.key = view.key;
  for (const name of ["tone", "freshness", "severity", "waits"]) {
    if (name in view) element.dataset[name] = view[name];
  }
  for (const node of element.querySelectorAll("[data-text]")) {
    const text = view[node.dataset.text];
    if (node.textContent !== text) node.textContent = text;
  }
  for (const node of element.querySelectorAll("[data-title]")) node.title = view[node.dataset.title];
  for (const node of element.querySelectorAll("[data-icon]")) {
    node.setAttribute("href", `#icon-${view[node.dataset.icon]}`);
  }
  return element;
}

function draw(list, view) {
  return fill(part(`pattern-${list.id}`).content.firstElementChild.cloneNode(true), view);
}

function keyed(list) {
  return new Map(Array.from(list.children, (element) => [element.dataset.key, element]));
}

// Change and add rows; with an order, also put them into it and take away those that it does not name.
function update(list, views, order) {
  const rows = keyed(list);
  for (const view of views) {
    const row = rows.get(view.key);
    if (row) fill(row, view);
    else rows.set(view.key, list.appendChild(draw(list, view)));
  }
  if (order) list.replaceChildren(...order.map((key) => rows.get(key)).filter(Boolean));
}

function updateTiles(views) {
  const tiles = keyed(part("tiles"));
  for (const view of views) {
    const tile = tiles.get(view.key);
    const before = tile.textContent;
    if (fill(tile, view).textContent === before) continue;
    tile.classList.remove("changed");
    void tile.offsetWidth; // Lets the animation begin anew.
    tile.classList.add("changed");
  }
}

// Newest on top. A line that is there already is not shown twice: after a reconnection some may come again.
function addMovements(views) {
  const list = part("movements");
  const shown = keyed(list);
  for (const view of views) {
    if (shown.has(view.key)) continue;
    const line = draw(list, view);
    line.classList.add("new");
    list.prepend(line);
  }
  while (list.children.length > MOVEMENTS_SHOWN_MAX) list.lastElementChild.remove();
}

function listen() {
  const events = new EventSource(`/overview/events?lang=${language}`);
  events.addEventListener("open", () => showLive(true));
  events.addEventListener("error", () => {
    showLive(false);
    if (events.readyState === EventSource.CLOSED) setTimeout(listenAgain, 5_000); // The server said no.
  });
  events.addEventListener("signed_out", () => {
    events.close();
    askToSignIn();
  });
  events.addEventListener("overview", (message) => {
    const changed = JSON.parse(message.data);
    if (changed.tiles) updateTiles(changed.tiles);
    if (changed.sites || changed.site_order) update(part("sites"), changed.sites ?? [], changed.site_order);
    if (changed.warnings) update(part("warnings"), changed.warnings, changed.warnings.map((view) => view.key));
    if (changed.movements) addMovements(changed.movements);
  });
}

// It says no while it is busy, or because the session has ended; then only a person can go on.
async function listenAgain() {
  const answer = await fetch("/api/v1/session").catch(() => null);
  if (answer?.status === 401) askToSignIn();
  else listen();
}

async function showClimate() {
  const zone = part("zone")?.value;
  if (zone === undefined) return;
  const answer = await fetch(`/overview/climate?${new URLSearchParams({ zone, lang: language })}`).catch(() => null);
  if (!answer?.ok || zone !== part("zone").value) return; // The next minute tries again.
  const chart = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("climate-chart");
  part("climate-chart").replaceWith(chart);
}

// Point at the chart: a line through all panels, and what each of them measured there.
function pointAt(event) {
  const plot = event.target.closest?.(".plot");
  const { left, width } = plot?.getBoundingClientRect() ?? {};
  for (const panel of document.querySelectorAll(".panel")) {
    const reading = panel.querySelector(".reading");
    const pointer = panel.querySelector(".pointer");
    const at = plot && nearest(panel, (event.clientX - left) / width);
    reading.hidden = pointer.hidden = !at;
    if (!at) continue;
    reading.textContent = at.text;
    pointer.style.left = `${at.x * 100}%`;
  }
}

function nearest(panel, x) {
  let found = null;
  for (const point of JSON.parse(panel.dataset.points)) {
    if (!found || Math.abs(point.x - x) < Math.abs(found.x - x)) found = point;
  }
  return found;
}

part("zone")?.addEventListener("change", showClimate);
document.addEventListener("pointermove", pointAt);
setInterval(showClimate, CLIMATE_EVERY_MS);
listen();
