// A work place: shows what it says at once, and fetches its sheet anew. Everything shown comes from the box; nothing is decided here.

import { prepareKeys } from "./keys.js";
import { enter, listen, part } from "./line.js";
import { showAlarm, showLive } from "./signs.js";
import { play } from "./sounds.js";
import { listenToWedge } from "./wedge.js";

const { place, language } = document.body.dataset;
const find = (id) => document.getElementById(id);
const box = find("code");

// What was said ------------------------------------------------------------------------------------------------

let newest = Number(document.body.dataset.number); // Of what this page shows or has heard.

function show(feedback) {
  const strip = find("said");
  strip.className = `said ${feedback.kind}`;
  for (const node of strip.querySelectorAll("[data-part]")) node.textContent = feedback[node.dataset.part];
  void strip.offsetWidth; // Lets the animation begin anew.
  strip.classList.add("fresh");
  strip.dataset.code = feedback.code;
  play(feedback.sound);
}

// The same thing is told twice to the screen that did it: by the answer and by the stream. Its number says so.
function hear(feedback) {
  if (feedback.number !== null) {
    if (feedback.number <= newest) return;
    newest = feedback.number;
  }
  show(feedback);
  refresh();
}

// The sheet ----------------------------------------------------------------------------------------------------

let isFetching = false;
let isStale = false;

async function refresh() {
  isStale = true;
  if (isFetching) return; // One after the other: the last one shows the last state.
  isFetching = true;
  while (isStale) {
    isStale = false;
    const fresh = await part(`/at/${place}/sheet?lang=${language}`);
    if (fresh) swap(fresh.querySelector(".sheet"));
  }
  isFetching = false;
}

function swap(sheet) {
  const old = document.querySelector(".sheet");
  const focused = document.activeElement;
  const focus = old.contains(focused) && { id: focused.id, value: focused.value, code: focused.name === "code" };
  const typed = find("amount")?.value ?? "";
  const hadKeys = old.querySelector(".keys");
  old.replaceWith(document.adoptNode(sheet));
  const pad = find("amount");
  if (pad && hadKeys) pad.value = typed;
  prepareKeys(sheet);
  if (!focus) return;
  const again = focus.id ? find(focus.id) : sheet.querySelector(`[name=code][value="${CSS.escape(focus.value)}"]`);
  again?.focus();
}

// What a person does -------------------------------------------------------------------------------------------

async function send(fields) {
  const said = await enter(place, fields);
  if (said?.feedback) hear(said.feedback);
  return said;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-enter]")) return;
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form, event.submitter));
  if (fields.code === "" || (fields.code === undefined && !fields.amount)) return;
  if (form.contains(box) && !looksLikeACode(fields.code)) return void chooseHit();
  if (event.submitter?.classList.contains("confirm")) event.submitter.disabled = true; // The box decides; this only shows it.
  const said = await send(fields);
  if (!said) return void refresh();
  clearEntry(form);
});

function clearEntry(form) {
  for (const field of form.querySelectorAll("input:not([type=hidden])")) field.value = "";
  if (form.matches(".hits") || form.contains(box)) {
    box.value = "";
    find("hits").replaceChildren();
  }
  document.activeElement?.blur?.(); // So that nothing but a code is typed next.
}

// Looking for goods --------------------------------------------------------------------------------------------

const looksLikeACode = (text) => /^(OB[A-Z]-|\]|\d{6}|[A-Z]{2}\d{5}$)/i.test(text ?? "");

let asked = "";
box.addEventListener("input", async (event) => {
  if (event.isComposing) return;
  const text = box.value.trim();
  if (text === asked) return;
  asked = text;
  if (!text || looksLikeACode(text)) return void find("hits").replaceChildren();
  const fresh = await part(`/at/${place}/find?${new URLSearchParams({ q: text, lang: language })}`);
  if (fresh && asked === text) find("hits").replaceChildren(...document.adoptNode(fresh.body).childNodes);
});
box.addEventListener("compositionend", () => box.dispatchEvent(new Event("input")));

function chooseHit() {
  const hits = find("hits").querySelectorAll("button");
  if (hits.length === 1) hits[0].click();
  else hits[0]?.focus();
}

// The line -----------------------------------------------------------------------------------------------------

function weigh(weight) {
  const scale = find("weight");
  scale.hidden = !weight.value;
  scale.dataset.state = weight.state;
  for (const node of scale.querySelectorAll("[data-part]")) node.textContent = weight[node.dataset.part] ?? "";
}

listen(place, {
  live: showLive,
  hello({ number }) {
    if (number !== newest) refresh(); // Something was said while this page did not listen.
    newest = number;
  },
  said: hear,
  weight: weigh,
  alarm: showAlarm,
});
listenToWedge((code) => send({ code }), box);
prepareKeys(document);
