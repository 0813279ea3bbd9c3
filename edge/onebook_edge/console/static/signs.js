// What stands in the head of every page: whether the line to the box is up, the sound, and the alarm that is not acknowledged.

import { muteButton, play } from "./sounds.js";

const ALARM_EVERY_MS = 10_000;
const find = (id) => document.getElementById(id);

export function showLive(isLive) {
  const sign = find("live");
  sign.dataset.state = isLive ? "live" : "waiting";
  sign.lastElementChild.textContent = isLive ? sign.dataset.live : sign.dataset.waiting;
}

export function showAlarm({ text }) {
  const sign = find("alarm");
  const wasHidden = sign.hidden;
  sign.hidden = !text;
  sign.querySelector("[data-part=text]").textContent = text;
  if (wasHidden && text) play("alarm");
}

setInterval(() => find("alarm").hidden || play("alarm"), ALARM_EVERY_MS);
muteButton(find("mute"));
