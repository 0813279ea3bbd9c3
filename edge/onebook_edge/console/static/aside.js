// A picture of what nobody knows: made small, without the place where it was taken, and kept by the box before the form is sent.

const SIDE_MAX = 1_280;
const { place, token, language } = document.body.dataset;
const form = document.querySelector("form.card");
const picture = document.getElementById("picture");
const problem = document.getElementById("problem");

async function small(file) {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, SIDE_MAX / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
}

async function keep(file) {
  const answer = await fetch(`/at/${place}/photo?lang=${language}`, {
    method: "POST",
    headers: { "X-Token": token, "Content-Type": "image/jpeg" },
    body: await small(file),
  });
  const said = await answer.json();
  if (!said.photo) throw new Error(said.problem);
  return said.photo;
}

function complain(text) {
  problem.hidden = false;
  problem.querySelector("[data-part=text]").textContent = text;
}

form.addEventListener("submit", async (event) => {
  const file = picture.files[0];
  if (!file || form.photo.value) return;
  event.preventDefault();
  try {
    form.photo.value = await keep(file);
    form.requestSubmit();
  } catch (error) {
    complain(error.message);
  }
});

document.querySelector("[data-script]").hidden = false;
