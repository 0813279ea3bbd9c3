// The line to the box: what a work place says, as it is said, and what a person enters.

const { token, language } = document.body.dataset;

export function listen(place, handlers) {
  const events = new EventSource(`/events?${new URLSearchParams({ place, lang: language })}`);
  const hear = (name, handler) => events.addEventListener(name, (event) => handler(JSON.parse(event.data)));
  events.addEventListener("open", () => handlers.live(true));
  events.addEventListener("error", () => {
    handlers.live(false);
    if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3_000); // The box said no.
  });
  hear("signed_out", () => {
    events.close();
    location.assign("/sign-in");
  });
  for (const name of ["hello", "said", "weight", "alarm"]) if (handlers[name]) hear(name, handlers[name]);
  window.addEventListener("pagehide", () => events.close());
}

// Gives what the box answered; null when there was no line. A page that is too old is loaded again: the draft is kept.
export async function enter(place, fields) {
  const answer = await fetch(`/at/${place}/enter?lang=${language}`, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ ...fields, token }),
  }).catch(() => null);
  if (answer?.status === 401 || answer?.status === 403) location.reload();
  if (!answer?.ok) return null;
  const said = await answer.json();
  if (said.go) location.assign(said.go);
  return said;
}

export async function part(path) {
  const answer = await fetch(path, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}
