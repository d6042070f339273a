// Runs inside the gr.HTML component of the source pane. Whatever has a ``data-query`` of a place opens it here: beside
// the conversation where there is room, else over it. Parts of a long document are fetched as the reader comes near.
const pane = element.querySelector(".pane");
const wide = window.matchMedia("(min-width: 1000px)");
let opener = null;

async function fragment(path, query, more = "") {
  const answer = await fetch(`page/${path}?${query}${more}`);
  const type = answer.headers.get("content-type") || "";
  if (!type.startsWith("text/html")) return null;
  const holder = document.createElement("div");
  holder.innerHTML = await answer.text();
  return { ok: answer.ok, node: holder.firstElementChild };
}

// ``quietly``: an answer has come, and the reader stays where they are.
async function open(query, quietly = false) {
  const asked = (pane.dataset.asked = query);
  const got = await fragment("source", query).catch(() => null);
  if (!got || pane.dataset.asked !== asked) return;
  show(quietly); // before the button that was pressed is gone from here
  pane.replaceChildren(got.node);
  pane.setAttribute("aria-label", got.node.querySelector("h2").textContent);
  if (!quietly) pane.querySelector(".close")?.focus({ preventScroll: true });
  const section = got.node;
  if (Number(section.dataset.pages)) await view("pages");
  else if (section.dataset.part) settle("text", Number(section.dataset.part));
}

function show(quietly) {
  if (!quietly && !pane.contains(document.activeElement) && document.activeElement !== document.body)
    opener = document.activeElement;
  if (!pane.open) {
    if (!wide.matches) pane.showModal();
    else pane.setAttribute("open", ""); // unlike show(), this leaves the focus where it is
  }
}

function close() {
  const focused = pane.contains(document.activeElement);
  delete pane.dataset.asked;
  pane.close();
  pane.replaceChildren();
  if (focused && opener?.isConnected) opener.focus();
}

// Show the document as pages or as text, from the part that holds the quote.
async function view(kind) {
  const section = pane.querySelector(".source-pane");
  const number = kind === "pages" ? Math.floor((section.dataset.page - 1) / 20) : Number(section.dataset.part);
  const got = await part(section, kind, number);
  if (!got && kind === "pages") {
    section.querySelector(".views").remove(); // the file is gone or has changed: the stored text is what was read
    return view("text");
  }
  if (!got) return;
  section.querySelector(".scroll").replaceChildren(got);
  settle(kind, number);
}

async function part(section, kind, number) {
  const got = await fragment(kind === "pages" ? "pages" : "part", section.dataset.query, `&part=${number}`).catch(() => null);
  return got?.ok ? got.node : null;
}

// Bring the quote into sight, and go on fetching what comes next before and behind.
function settle(kind, number) {
  const section = pane.querySelector(".source-pane");
  const scroll = section.querySelector(".scroll");
  for (const each of section.querySelectorAll("[data-view]")) each.setAttribute("aria-pressed", each.dataset.view === kind);
  const parts = kind === "pages" ? Math.ceil(section.dataset.pages / 20) : Number(section.dataset.parts);
  const target =
    kind === "pages" ? scroll.querySelector(`[data-page="${section.dataset.page}"]`) : scroll.querySelector(".quote");
  bring(scroll, target);
  const state = { first: number, last: number, busy: false };
  scroll.onscroll = () => extend(section, scroll, kind, state, parts);
  scroll.onscroll();
}

function bring(scroll, target) {
  if (!target) return;
  const above = target.getBoundingClientRect().top - scroll.getBoundingClientRect().top;
  scroll.scrollTop += above - Math.min(80, scroll.clientHeight / 4);
}

async function extend(section, scroll, kind, state, parts) {
  if (state.busy || !scroll.isConnected) return;
  const near = 1.5 * scroll.clientHeight;
  const down = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < near && state.last < parts - 1;
  const up = scroll.scrollTop < near && state.first > 0;
  if (!down && !up) return;
  state.busy = true;
  const got = await part(section, kind, down ? state.last + 1 : state.first - 1);
  const current = scroll.isConnected && scroll.querySelector(".part");
  if (got && current && section.querySelector(`[data-view="${kind}"][aria-pressed="false"]`) === null) {
    if (down) {
      scroll.append(got);
      state.last += 1;
    } else {
      const before = scroll.scrollHeight - scroll.scrollTop;
      scroll.style.overflowAnchor = "none"; // one of the two is to keep the place, not both
      scroll.prepend(got);
      scroll.scrollTop = scroll.scrollHeight - before;
      scroll.style.overflowAnchor = "";
      state.first -= 1;
    }
  }
  state.busy = false;
  if (got) extend(section, scroll, kind, state, parts);
}

pane.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".close")) close();
  else if (button.dataset.view) view(button.dataset.view);
});
pane.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.preventDefault();
    close();
  }
});
pane.addEventListener("cancel", (event) => {
  event.preventDefault();
  close();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button.open[data-query]");
  if (!button) return;
  document.querySelector("[data-go=ask]").click();
  open(button.dataset.query);
});
// Beside "not in these documents" no document stands that answered another question.
document.addEventListener("qa-answered", (event) => {
  if (!wide.matches) return;
  if (event.detail) open(event.detail, true);
  else if (pane.open) close();
});
document.addEventListener("qa-adopted", () => {
  const section = pane.open && pane.querySelector(".source-pane");
  if (section && section.lang !== document.documentElement.lang) open(pane.dataset.asked, true);
});
document.addEventListener("qa-anew", () => {
  if (pane.open) close();
});
// A link to a quote names the place behind the #, which no server sees.
function follow() {
  const named = new URLSearchParams(location.hash.slice(1));
  if (named.has("document")) open(location.hash.slice(1));
}
window.addEventListener("hashchange", follow);
follow();
