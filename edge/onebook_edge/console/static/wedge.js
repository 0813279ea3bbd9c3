// A scanner that types like a keyboard, anywhere on the page. Its keys come faster than any finger's and end with Enter or Tab.
// What it types is read off the physical keys, so an input method that is on (拼音) changes nothing. Codes are ASCII only.

const FINGER_MS = 60; // Nobody types a whole code with less between two keys, on average.
const PAUSE_MS = 500; // After such a pause a new code begins.
const CODE_MIN = 4;
const SHIFTED = { 1: "!", 2: "@", 3: "#", 4: "$", 5: "%", 6: "^", 7: "&", 8: "*", 9: "(", 0: ")" };
const SIGNS = {
  Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:", Quote: "'\"",
  Comma: ",<", Period: ".>", Slash: "/?", Backquote: "`~", Space: "  ",
};

function character(event) {
  if (event.ctrlKey && event.code === "BracketRight") return "\x1d"; // GS, as scanners type it.
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  if (event.key.length === 1 && event.key.charCodeAt(0) < 127) return event.key;
  if (event.key !== "Process" && event.key !== "Unidentified" && event.key.length !== 1) return null;
  const code = event.code; // An input method has taken the key: what lies under the finger counts.
  if (/^Key[A-Z]$/.test(code)) return event.shiftKey ? code[3] : code[3].toLowerCase();
  if (/^(Digit|Numpad)\d$/.test(code)) return event.shiftKey && code[0] === "D" ? SHIFTED[code.at(-1)] : code.at(-1);
  return SIGNS[code]?.[event.shiftKey ? 1 : 0] ?? null;
}

const isEditable = (element) => element?.matches?.("input:not([type=hidden]), textarea, select");

// `onCode(text)`: a whole code was scanned. `box`: where keys go that a person types while no field has the focus.
export function listenToWedge(onCode, box) {
  let keys = [];
  let before = null; // What stood in the focused field before the first key.

  function take(event) {
    const field = isEditable(event.target) ? event.target : null;
    const at = event.timeStamp;
    if (keys.length && at - keys.at(-1).at > PAUSE_MS) keys = [];
    if (event.key === "Enter" || event.key === "Tab") return finish(event, field);
    const text = character(event);
    if (text === null || (text === " " && !keys.length && !field)) return undefined; // Space alone presses a button.
    if (!keys.length) before = field && { field, value: field.value };
    keys.push({ text, at });
    if (field) return undefined;
    event.preventDefault();
    box.value += text === "\x1d" ? "" : text;
    return box.dispatchEvent(new Event("input"));
  }

  function finish(event, field) {
    const typed = keys;
    keys = [];
    const isFast = typed.length >= CODE_MIN && (typed.at(-1).at - typed[0].at) / (typed.length - 1) < FINGER_MS;
    if (!isFast) {
      if (event.key === "Enter" && !field && event.target === document.body && box.value) {
        event.preventDefault();
        box.form.requestSubmit();
      }
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const code = typed.map((key) => key.text).join("");
    if (!field && box.value !== code.replaceAll("\x1d", "") && !/^(OB[A-Z]-|\])/.test(code)) {
      box.form?.requestSubmit(); // It paused within the code: all of it stands in the box, half of it is no code.
      return;
    }
    if (before?.field) before.field.value = before.value;
    else box.value = "";
    box.dispatchEvent(new Event("input"));
    onCode(code);
  }

  document.addEventListener("keydown", take, { capture: true });
  document.addEventListener("keydown", (event) => {
    if (isEditable(event.target) || event.defaultPrevented) return;
    if (event.key === "Backspace") box.value = box.value.slice(0, -1);
    else if (event.key === "Escape") box.value = "";
    else return;
    box.dispatchEvent(new Event("input"));
  });
}
