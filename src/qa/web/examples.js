// Runs inside the gr.HTML component of the example questions: a button asks its question.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button.example");
  if (button) trigger("click", { question: button.dataset.question });
});
