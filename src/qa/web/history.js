// Runs inside the gr.HTML component of the conversations that are kept: lists, opens and removes them.
const holder = element.querySelector(".kept");

async function list(told = "") {
  const answer = await fetch("page/history").catch(() => null);
  if (!answer?.ok) return;
  holder.innerHTML = await answer.text();
  holder.dispatchEvent(new CustomEvent("qa-drawn", { bubbles: true }));
  if (!told) return;
  const receipt = holder.querySelector(".receipt");
  receipt.textContent = told;
  receipt.tabIndex = -1;
  receipt.focus();
}

async function remove(button) {
  const section = button.closest(".documents");
  button.disabled = true;
  const answer = await fetch(`v1/conversations/${button.dataset.conversation}`, { method: "DELETE" }).catch(() => null);
  if (answer?.ok) return list(section.dataset.done);
  section.querySelector(".receipt").textContent = section.dataset.failed;
  button.disabled = false;
}

element.addEventListener("click", (event) => {
  const button = event.target.closest(".remove.sure");
  if (button) remove(button);
});
// A conversation is opened again from here, a new one begins from wherever it is asked for.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".reopen, .anew");
  if (!button) return;
  trigger("select", { conversation: button.dataset.conversation || "" });
  document.querySelector("#question textarea")?.focus();
});
document.addEventListener("qa-reopen", (event) => trigger("select", { conversation: event.detail }));
document.addEventListener("qa-view", (event) => {
  if (event.detail === "history") list();
});
