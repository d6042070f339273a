// Runs inside the gr.HTML component of the conversation. Its value is the turns that changed, as HTML made
// by render.py: one, or all when the language was switched. A turn with a known id replaces itself, a new one
// is appended. So the page never redraws the turns before, and what the reader unfolded stays unfolded.
const log = element.querySelector(".log");

function show(turnsHtml) {
  const holder = document.createElement("div");
  holder.innerHTML = turnsHtml;
  const turns = [...holder.children];
  for (const turn of turns) {
    const known = document.getElementById(turn.id);
    if (known) known.replaceWith(turn);
    else log.append(turn);
  }
  if (turns.length !== 1) return;
  const turn = turns[0];
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  turn.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  const place = turn.querySelector(".answered .open");
  if (place) document.dispatchEvent(new CustomEvent("qa-answered", { detail: place.dataset.query }));
}

async function copy(button, words) {
  await navigator.clipboard.writeText(words);
  if (button.dataset.label) return;
  button.dataset.label = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => {
    button.textContent = button.dataset.label;
    delete button.dataset.label;
  }, 1500);
}

function copyQuote(button) {
  const card = button.closest(".card");
  copy(button, card.querySelector(".quote").textContent + "\n— " + card.querySelector(".where").textContent);
}

function copyLink(button) {
  const page = location.origin + location.pathname;
  copy(button, `${page}#${button.closest("[data-query]").dataset.query}`);
}

// The citation is made, and compared with the document, when it is asked for.
async function cite(details) {
  const answer = await fetch(`page/citations?${details.closest("[data-query]").dataset.query}`);
  details.querySelector(".citations").innerHTML = await answer.text();
}

// A verdict is sent at once and may be changed or added to; the last one counts.
async function sendVerdict(group, verdict, expected = "") {
  const status = group.querySelector("[role=status]");
  const request = { ...JSON.parse(group.dataset.request), verdict, expected };
  let kept = false;
  try {
    const answer = await fetch("v1/feedback", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
    });
    kept = answer.ok;
  } catch {
    // no server: said below
  }
  if (kept) {
    for (const each of group.querySelectorAll("[data-verdict]"))
      each.setAttribute("aria-pressed", each.dataset.verdict === verdict);
    group.querySelector(".expected").hidden = verdict !== "wrong" || expected !== "";
  }
  status.textContent = kept ? group.dataset.kept : group.dataset.lost;
}

watch("value", () => show(props.value || ""));
log.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches(".copy")) copyQuote(button);
  if (button?.matches(".link")) copyLink(button);
  if (button?.matches(".copy-citation")) copy(button, button.parentElement.querySelector("pre").textContent);
  const thumb = event.target.closest("[data-verdict]");
  if (thumb) sendVerdict(thumb.closest(".verdict"), thumb.dataset.verdict);
});
log.addEventListener("submit", (event) => {
  event.preventDefault();
  const { expected, question } = event.target.elements;
  if (expected?.value.trim()) sendVerdict(event.target.closest(".verdict"), "wrong", expected.value.trim());
  // A reading that its reader has mended is asked as it is written.
  if (question?.value.trim()) trigger("edit", { question: question.value.trim() });
});
log.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches(".cite[open]")) cite(event.target);
  },
  true, // it does not bubble
);
