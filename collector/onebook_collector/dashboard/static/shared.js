// What every page does: its clock runs, and it says whether it is live. Loaded before the page's own script.
"use strict";

const language = document.body.dataset.language;
const part = (id) => document.getElementById(id);

function askToSignIn() {
  location.assign(`/sign-in?lang=${language}`);
}

function showLive(isLive) {
  const sign = part("live");
  sign.dataset.state = isLive ? "live" : "waiting";
  sign.lastElementChild.textContent = isLive ? document.body.dataset.live : document.body.dataset.waiting;
}

function tick() {
  const now = new Date();
  part("clock").textContent = now.toLocaleTimeString("en-GB", { timeZone: "Asia/Shanghai" });
  setTimeout(tick, 1_000 - (now % 1_000));
}

tick();
