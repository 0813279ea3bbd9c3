// Signing in: keys to touch for the PIN, and a badge that a scanner types.

import { prepareKeys } from "./keys.js";
import { listenToWedge } from "./wedge.js";

const badge = document.getElementById("badge");
const pin = document.getElementById("pin");

// A badge says who; the PIN is asked for next.
function take(code) {
  const value = code.replace(/^\][A-Za-z]\d/, "").replace(/^OBP-/, "");
  if (badge) badge.value = value;
  const known = document.querySelector(`input[name=badge][value="${CSS.escape(value)}"]`);
  if (known?.type === "radio") known.checked = true;
  pin.focus();
}

prepareKeys(document);
listenToWedge(take, pin);
(badge && !badge.value ? badge : pin).focus();
