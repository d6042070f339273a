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
