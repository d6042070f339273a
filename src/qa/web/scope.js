// Runs inside the gr.HTML component above the question box: which documents are asked. What is chosen is kept as the
// component's value, in JSON, and goes to the server with every question.
const holder = element.querySelector(".scope-and-more");

async function load() {
  const answer = await fetch("page/scope").catch(() => null);
  if (!answer?.ok) return;
  const kept = read();
  holder.innerHTML = await answer.text();
  holder.dispatchEvent(new CustomEvent("qa-drawn", { bubbles: true }));
  write(kept);
}

function read() {
  return JSON.parse(props.value || "{}");
}

function write({ within = [], languages = [], since = "", until = "" }) {
  const { elements } = holder.querySelector("form");
  elements.within.value = within[0] || "";
  elements.language.value = languages[0] || "";
  elements.since.value = since;
  elements.until.value = until;
  keep();
}

function keep() {
  const { elements } = holder.querySelector("form");
  const within = elements.within.value.trim();
  const language = elements.language.value;
  const dates = [elements.since, elements.until].map((each) => (each.checkValidity() ? each.value.trim() : ""));
  const scope = {};
  if (within) scope.within = [within];
  if (language) scope.languages = [language];
  if (dates[0]) scope.since = dates[0];
  if (dates[1]) scope.until = dates[1];
  const told = holder.querySelector(".scope-told");
  const span = dates[0] || dates[1] ? `${dates[0]}–${dates[1]}` : "";
  const name = language && elements.language.selectedOptions[0].textContent;
  told.textContent = [within, name, span].filter(Boolean).join(" · ") || told.dataset.all;
  const narrow = Object.keys(scope).length > 0;
  holder.querySelector(".scope").classList.toggle("narrow", narrow);
  props.value = narrow ? JSON.stringify(scope) : "";
}

holder.addEventListener("input", keep);
holder.addEventListener("reset", () => setTimeout(keep)); // the fields are emptied after the event
holder.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".ask-this");
  if (!button) return;
  write({ within: [button.dataset.within] });
  document.querySelector("[data-go=ask]").click();
  document.querySelector(".pane:modal .close")?.click();
  document.querySelector("#question textarea").focus();
});
let due = null;
function soon() {
  clearTimeout(due); // a new page tells of its language and of its documents at once
  due = setTimeout(load, 30);
}
document.addEventListener("qa-adopted", soon);
document.addEventListener("qa-documents", soon);
if (document.querySelector(".masthead")) soon();
