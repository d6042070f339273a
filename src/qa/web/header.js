// Runs inside the gr.HTML component of the masthead, which comes in the reader's language. What Gradio
// leaves out is added here: the page's language and direction, a question box that turns right-to-left with
// what is typed, and a name for the button beside it.
function adopt() {
  const masthead = element.querySelector(".masthead");
  if (!masthead) return;
  document.documentElement.lang = masthead.lang;
  document.documentElement.dir = masthead.dir;
  document.title = masthead.querySelector("h1").textContent;
  const box = document.querySelector("#question textarea");
  const button = document.querySelector("#question .submit-button");
  document.querySelector("#question").dir = masthead.dir; // Gradio's boxes run from left to right
  if (box) box.dir = "auto";
  if (button) button.setAttribute("aria-label", masthead.dataset.ask);
  const first = !document.documentElement.dataset.view;
  go(document.documentElement.dataset.view || "ask");
  // Gradio's own autofocus comes while the view is not to be seen yet.
  if (first && document.activeElement === document.body) box?.focus();
  document.dispatchEvent(new CustomEvent("qa-adopted"));
}
// Languages and times are named in the reader's own way: the browser knows how.
document.addEventListener("qa-drawn", (event) => {
  const names = new Intl.DisplayNames([document.documentElement.lang || "en"], { type: "language" });
  for (const each of event.target.querySelectorAll("[data-tag]")) {
    try {
      each.textContent = names.of(each.dataset.tag);
    } catch {
      each.textContent = each.dataset.tag; // no tag of a language, whatever the file says
    }
  }
  const style = { dateStyle: "medium", timeStyle: "short" };
  for (const each of event.target.querySelectorAll("time"))
    each.textContent = new Date(each.dateTime).toLocaleString(document.documentElement.lang || "en", style);
});
// One view of the page is shown at a time; the others stay as they are.
function go(name) {
  document.documentElement.dataset.view = name;
  for (const each of element.querySelectorAll("[data-go]"))
    each.dataset.go === name ? each.setAttribute("aria-current", "page") : each.removeAttribute("aria-current");
  document.dispatchEvent(new CustomEvent("qa-view", { detail: name }));
}
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-go]");
  if (button) go(button.dataset.go);
});
// Removing is asked for twice, in the same place; who lists what can be removed does it, and says so.
function doubt(button) {
  const section = button.closest(".documents");
  const group = document.createElement("span");
  group.className = "doubt";
  group.setAttribute("role", "group");
  const words = document.createElement("span");
  words.textContent = section.dataset.ask;
  const no = document.createElement("button");
  no.type = "button";
  no.textContent = section.dataset.no;
  const yes = button.cloneNode(true);
  yes.classList.add("sure");
  group.append(words, yes, no);
  button.replaceWith(group);
  no.addEventListener("click", () => {
    group.replaceWith(button);
    button.focus();
  });
  yes.focus();
}
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".remove:not(.sure)");
  if (button) doubt(button);
});
watch("value", adopt);
adopt();
element.addEventListener("change", (event) => {
  if (!event.target.matches(".language")) return;
  document.cookie = `qa-language=${event.target.value}; path=/; max-age=31536000; samesite=strict`;
  trigger("select");
});
// A file that is dropped beside the box would be opened by the browser in the place of the page.
for (const kind of ["dragover", "drop"])
  document.addEventListener(kind, (event) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
