// Runs inside the gr.HTML component of the example questions: a button has log.js ask its question.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button.example");
  if (button) document.dispatchEvent(new CustomEvent("qa-ask", { detail: button.dataset.question }));
});
