// One tone pattern for each sound of the feedback; also on a handheld without a box beside it.
// A browser lets a page sound only after a person touched it: the first touch or key wakes it up.

const PATTERNS = {
  ok: [[1320, 70]],
  ask: [[880, 90], [0, 50], [880, 90]],
  warn: [[660, 130], [0, 60], [520, 160]],
  refused: [[220, 380]],
  recorded: [[988, 90], [1319, 90], [1976, 220]],
  alarm: [[1480, 220], [0, 90], [1110, 220], [0, 90], [1480, 220]],
};
const KEPT = "onebook-muted";

let context = null;

export const isMuted = () => localStorage.getItem(KEPT) === "yes";

export function mute(isToBe) {
  localStorage.setItem(KEPT, isToBe ? "yes" : "no");
}

export function wakeUp() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => {});
}

export function play(sound) {
  const pattern = PATTERNS[sound];
  if (!pattern || isMuted() || context?.state !== "running") return;
  let at = context.currentTime;
  for (const [hertz, ms] of pattern) {
    if (hertz) tone(hertz, at, ms / 1_000);
    at += ms / 1_000;
  }
}

function tone(hertz, from, seconds) {
  const oscillator = context.createOscillator();
  const volume = context.createGain();
  oscillator.frequency.value = hertz;
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(0.25, from + 0.008); // No click at either end.
  volume.gain.setValueAtTime(0.25, from + seconds - 0.012);
  volume.gain.linearRampToValueAtTime(0, from + seconds);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(from);
  oscillator.stop(from + seconds);
}

for (const touch of ["pointerdown", "keydown"]) {
  document.addEventListener(touch, wakeUp, { capture: true, passive: true });
}

export function muteButton(button) {
  const show = () => {
    button.textContent = isMuted() ? button.dataset.off : button.dataset.on;
    button.setAttribute("aria-pressed", String(!isMuted()));
  };
  button.addEventListener("click", () => {
    mute(!isMuted());
    show();
    play("ok");
  });
  button.hidden = false;
  show();
}
