// Standing by: fetches what changes every few seconds, and sounds while an alarm is not acknowledged.

import { listen, part } from "./line.js";
import { showAlarm, showLive } from "./signs.js";

const LOOK_EVERY_MS = 5_000;

async function look() {
  const fresh = await part(`/now?lang=${document.body.dataset.language}`);
  const now = document.querySelector(".now");
  if (fresh && !now.contains(document.activeElement)) now.replaceWith(document.adoptNode(fresh.querySelector(".now")));
}

listen("", {
  live: showLive,
  alarm(alarm) {
    showAlarm(alarm);
    look();
  },
});
setInterval(look, LOOK_EVERY_MS);
