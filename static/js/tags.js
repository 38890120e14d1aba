// Tags that exist are offered while one is typed, wherever an input says data-tags.

const offered = document.createElement("datalist");
offered.id = "tag-names";
document.body.append(offered);

let asked = "";

async function offer(input) {
  const typed = input.value.trim();
  if (typed === asked && offered.children.length) return;
  asked = typed;
  const response = await fetch(`/inbox/tags/names/?q=${encodeURIComponent(typed)}`);
  if (!response.ok || asked !== typed) return;
  const { tags } = await response.json();
  offered.replaceChildren(...tags.map((name) => Object.assign(document.createElement("option"), { value: name })));
}

for (const kind of ["input", "focusin"]) {
  document.addEventListener(kind, (event) => event.target.matches?.("input[data-tags]") && offer(event.target));
}
