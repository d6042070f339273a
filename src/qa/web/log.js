// Runs inside the gr.HTML component of the conversation. Its value is the turns that changed, as HTML made
// by render.py: one, or all when the language was switched. A turn with a known id replaces itself, a new one
// is appended. So the page never redraws the turns before, and what the reader unfolded stays unfolded. Only another
// conversation takes the place of all. An answer that comes when its conversation was left is not shown: it is kept
// where it belongs.
const log = element.querySelector(".log");
const left = new Set();
let shown = "";
let kept = "";

function show(turnsHtml) {
  const holder = document.createElement("div");
  holder.innerHTML = turnsHtml;
  const mark = holder.firstElementChild;
  if (!mark) return;
  mark.remove();
  const { conversation, left: before } = mark.dataset;
  if (left.has(conversation)) return;
  kept = mark.dataset.kept;
  const anew = before !== undefined;
  if (anew) {
    left.add(before);
    log.replaceChildren();
    document.dispatchEvent(new CustomEvent("qa-anew"));
  }
  if (conversation !== shown) {
    // The server may have begun another by itself, as after its restart: the turns before stay, under no id.
    for (const turn of log.children) turn.removeAttribute("id");
    left.add(shown);
    shown = conversation;
  }
  const turns = [...holder.children];
  for (const turn of turns) {
    const known = document.getElementById(turn.id);
    if (known) {
      known.replaceWith(turn);
      carry(known, turn);
    } else {
      log.append(turn);
      hear(turn);
    }
  }
  if (anew) offer();
  const turn = turns.at(-1);
  if (!turn || (turns.length !== 1 && !anew)) return;
  const calm = anew || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  turn.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  if (turn.querySelector(".pending")) return;
  const query = turn.querySelector(".answered .open")?.dataset.query;
  document.dispatchEvent(new CustomEvent("qa-answered", { detail: query }));
  if (query) suggest(turn, query);
}

// A turn that comes again, in another language, stays as its reader left it: the verdict given, and what is unfolded.
function carry(known, turn) {
  const [before, group] = [known, turn].map((each) => each.querySelector(".verdict"));
  if (!before || !group) return;
  for (const each of known.querySelectorAll("details[open]")) {
    const details = turn.querySelector(`details.${each.classList[0]}`);
    if (details) details.open = true;
  }
  if (known.querySelector(".suggestions")) suggest(turn, turn.querySelector(".actions").dataset.query);
  const pressed = before.querySelector("[aria-pressed=true]");
  if (!pressed) return;
  press(group, before.dataset.given, pressed.dataset.verdict);
  const [words, written] = [group, before].map((each) => each.querySelector(".words"));
  for (const name of ["expected", "note"]) words.elements[name].value = written.elements[name].value;
  if (!written.hidden) askWords(group);
}

// A question leaves the box with the key that sends it. If the server refuses it, it comes back.
const box = () => document.querySelector("#question textarea");
let unheard = []; // on their way to the server, which has not shown them yet

function write(words) {
  box().value = words;
  box().dispatchEvent(new Event("input", { bubbles: true }));
}

function send(name, data) {
  unheard.push(data.question);
  trigger(name, data);
}

function hear(turn) {
  const question = questionOf(turn);
  const at = unheard.indexOf(question);
  if (at >= 0) unheard.splice(at, 1);
  const given = [...log.querySelectorAll(".turn:not([id]):has(.lost)")]; // given up too soon, or asked again by hand
  given.find((each) => questionOf(each) === question)?.remove();
}

function questionOf(turn) {
  return turn.querySelector(".question").textContent;
}

function ask() {
  const question = box().value.trim();
  if (!question) return;
  write("");
  if (!window.matchMedia("(min-width: 781px)").matches) document.querySelector(".scope")?.removeAttribute("open");
  send("submit", { question });
}

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || event.target !== box()) return;
    event.stopPropagation();
    if (event.shiftKey || event.isComposing || event.keyCode === 229) return; // a new line, or a word is being chosen
    event.preventDefault();
    ask();
  },
  true, // before the box itself
);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#question .submit-button")) ask();
});
document.addEventListener("qa-ask", (event) => send("submit", { question: event.detail }));
document.addEventListener("qa-unheard", () => {
  if (unheard.length && !box().value) write(unheard.shift());
  else lose();
});

// Without a connection no answer comes: what was asked is offered again. An answer that comes yet takes its place.
const waits = () => unheard.length > 0 || log.querySelector(".pending") !== null;

function lose() {
  for (const each of log.querySelectorAll(".pending")) {
    each.replaceWith(lost(questionOf(each.closest(".turn"))));
  }
  for (const question of unheard.splice(0)) append(question);
  log.lastElementChild?.scrollIntoView({ block: "center" });
}

function lost(question) {
  const masthead = document.querySelector(".masthead");
  const card = document.createElement("section");
  card.className = "card abstained lost";
  card.setAttribute("role", "alert");
  const heading = card.appendChild(document.createElement("h3"));
  heading.textContent = masthead.dataset.lost;
  const button = card.appendChild(document.createElement("button"));
  button.type = "button";
  button.className = "suggestion again";
  button.dataset.question = question;
  button.textContent = masthead.dataset.again;
  return card;
}

function append(question) {
  const masthead = document.querySelector(".masthead");
  const turn = log.appendChild(document.createElement("article"));
  turn.className = "turn";
  turn.lang = masthead.lang;
  turn.dir = masthead.dir;
  const asked = turn.appendChild(document.createElement("div"));
  asked.className = "asked";
  const heading = asked.appendChild(document.createElement("h2"));
  heading.className = "unseen";
  heading.textContent = masthead.dataset.asked;
  const words = asked.appendChild(document.createElement("p"));
  words.className = "question";
  words.dir = "auto";
  words.textContent = question;
  turn.append(lost(question));
}

// A stream may end without a word, as when a phone loses its network.
let probing = false;
setInterval(async () => {
  if (probing || !waits()) return;
  probing = true;
  const request = { cache: "no-store", signal: AbortSignal.timeout(10000) };
  const there = await fetch("healthz", request).then(() => true, () => false);
  probing = false;
  document.documentElement.toggleAttribute("data-outage", !there);
  if (!there && waits()) lose();
}, 1000);

// When the server is there again, Gradio loads the page anew. What it would lose is kept for that long, in this tab.
const LEFT = "qa-left";
const user = () => document.querySelector(".masthead .user bdi")?.textContent ?? "";
let again = []; // questions to be offered

window.addEventListener("pagehide", () => {
  const waiting = [...log.querySelectorAll(".turn:has(.pending, .lost)")];
  const questions = [...waiting.map(questionOf), ...unheard];
  if (!questions.length) return;
  const typed = box()?.value ?? "";
  sessionStorage.setItem(LEFT, JSON.stringify({ user: user(), kept, questions, typed }));
});

function restore() {
  const found = JSON.parse(sessionStorage.getItem(LEFT) || "null");
  sessionStorage.removeItem(LEFT);
  if (!found || found.user !== user()) return;
  if (found.typed) write(found.typed);
  again = found.questions;
  if (found.kept) document.dispatchEvent(new CustomEvent("qa-reopen", { detail: found.kept }));
  else offer();
}

function offer() {
  const answered = [...log.querySelectorAll(".question")].slice(-again.length).map((each) => each.textContent);
  for (const question of again) if (!answered.includes(question)) append(question);
  again = [];
}

if (document.querySelector(".masthead")) restore();
else document.addEventListener("qa-adopted", restore, { once: true });

function askAgain(button) {
  const { question } = button.dataset;
  button.closest(".turn").remove();
  send("submit", { question });
  box().focus();
}

// What else the document tells, by its own headings: only those that it answers.
async function suggest(turn, query) {
  const answer = await fetch(`page/suggestions?${query}`).catch(() => null);
  if (answer?.ok && turn.isConnected) turn.insertAdjacentHTML("beforeend", await answer.text());
}

// The conversation as a file of plain text.
function save() {
  const page = location.origin + location.pathname;
  const turns = [...log.querySelectorAll(".turn")].map((turn) => {
    const text = (css) => turn.querySelector(css)?.textContent ?? "";
    const quote = text(".quote");
    const link = turn.querySelector(".actions")?.dataset.query;
    const answer = quote ? `“${quote}”\n— ${text(".where")}\n${page}#${link}` : text(".card h3");
    return [text(".question"), answer, text(".confidence"), text(".reason")].filter(Boolean).join("\n");
  });
  const file = new Blob([turns.join("\n\n") + "\n"], { type: "text/plain;charset=utf-8" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `qa-${new Date().toISOString().slice(0, 10)}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
document.addEventListener("click", (event) => {
  if (event.target.closest?.(".save")) save();
});

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

// A verdict is sent at once and may be changed or get words; each replaces the one before, and the last one counts.
async function sendVerdict(group, verdict, words = {}) {
  const status = group.querySelector("[role=status]");
  const request = { ...JSON.parse(group.dataset.request), ...words, verdict, replaces: group.dataset.given || "" };
  let answer = null;
  try {
    answer = await fetch("v1/feedback", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
    });
  } catch {
    // no server: said below
  }
  if (answer?.ok) press(group, (await answer.json()).id, verdict);
  else status.textContent = group.dataset.lost;
  return Boolean(answer?.ok);
}

function press(group, given, verdict) {
  group.dataset.given = given;
  for (const each of group.querySelectorAll("[data-verdict]"))
    each.setAttribute("aria-pressed", each.dataset.verdict === verdict);
  group.querySelector("[role=status]").textContent = group.dataset.kept;
}

// What would be right is asked after a "No" only, a note after both.
function askWords(group) {
  const wrong = group.querySelector("[data-verdict=wrong]").ariaPressed === "true";
  group.querySelector("label.expected").hidden = !wrong;
  group.querySelector(".words").hidden = false;
}

async function judge(thumb) {
  const group = thumb.closest(".verdict");
  if (thumb.ariaPressed === "true" || (await sendVerdict(group, thumb.dataset.verdict))) askWords(group);
}

async function sendWords(form) {
  const group = form.closest(".verdict");
  const pressed = group.querySelector("[aria-pressed=true]");
  const expected = pressed.dataset.verdict === "wrong" ? form.elements.expected.value.trim() : "";
  const note = form.elements.note.value.trim();
  if (!(expected || note) || !(await sendVerdict(group, pressed.dataset.verdict, { expected, note }))) return;
  form.hidden = true;
  pressed.focus();
}

watch("value", () => show(props.value || ""));
log.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches(".copy")) copyQuote(button);
  if (button?.matches(".link")) copyLink(button);
  if (button?.matches(".copy-citation")) copy(button, button.parentElement.querySelector("pre").textContent);
  if (button?.matches(".again")) askAgain(button);
  else if (button?.matches(".suggestion")) send("edit", { question: button.dataset.question, within: button.dataset.within });
  const thumb = event.target.closest("[data-verdict]");
  if (thumb) judge(thumb);
});
log.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.matches(".words")) sendWords(event.target);
  const { question } = event.target.elements;
  // A reading that its reader has mended is asked as it is written.
  if (question?.value.trim()) send("edit", { question: question.value.trim(), within: "" });
});
log.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches(".cite[open]")) cite(event.target);
  },
  true, // it does not bubble
);
