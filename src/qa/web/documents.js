// Runs inside the gr.HTML component of the documents: filters the list, fetches more of it, removes and shows receipts.
let waiting = null;

function drawn() {
  element.dispatchEvent(new CustomEvent("qa-drawn", { bubbles: true }));
}

async function list(first = 0) {
  const { words, language } = element.querySelector(".choice").elements;
  const query = new URLSearchParams({ words: words.value, language: language.value, first });
  const answer = await fetch(`page/documents?${query}`);
  if (!answer.ok) return;
  const chosen = element.querySelector(".chosen");
  if (first) {
    chosen.querySelector(".more").remove();
    chosen.insertAdjacentHTML("beforeend", await answer.text());
  } else chosen.innerHTML = await answer.text();
  drawn();
}

// Removing is asked for twice, in the same place; the receipt says what is gone.
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

async function remove(button) {
  const section = button.closest(".documents");
  button.disabled = true;
  const answer = await fetch(`v1/documents/${button.dataset.document}`, { method: "DELETE" }).catch(() => null);
  const told = section.querySelector(".receipt");
  if (!answer?.ok) {
    told.textContent = section.dataset.failed;
    button.disabled = false;
    return;
  }
  const receipt = await answer.json();
  told.textContent = section.dataset.receipt.replace(/\{(\w+)\}/g, (field, name) => receipt[name] ?? field);
  told.tabIndex = -1;
  told.focus();
  await list();
  document.dispatchEvent(new CustomEvent("qa-documents"));
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches(".remove.sure")) remove(button);
  else if (button?.matches(".remove")) doubt(button);
  else if (button?.matches(".more")) list(Number(button.dataset.first));
});
element.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(list, 150);
});
element.addEventListener("submit", (event) => event.preventDefault());
watch("value", () => {
  drawn();
  document.dispatchEvent(new CustomEvent("qa-documents"));
});
drawn();
