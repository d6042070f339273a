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
}

function copyQuote(button) {
  const card = button.closest(".card");
  const words = card.querySelector(".quote").textContent;
  const place = card.querySelector(".where").textContent;
  navigator.clipboard.writeText(words + "\n— " + place).then(() => {
    const label = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = label), 1500);
  });
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
  const button = event.target.closest("button.copy");
  if (button) copyQuote(button);
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
