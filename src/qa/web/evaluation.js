// Runs inside the gr.HTML component of the evaluation: the report in its frame is a whole page, and can be kept as one.
element.addEventListener("click", (event) => {
  if (!event.target.closest(".download")) return;
  const file = new Blob([element.querySelector("iframe").srcdoc], { type: "text/html;charset=utf-8" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `evaluation-${new Date().toISOString().slice(0, 10)}.html`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
