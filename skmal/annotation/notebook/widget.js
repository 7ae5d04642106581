// The question in a notebook. The page's sentences stand before this, in one file.

const WAIT = 2000; // milliseconds until it looks again, while the encoder learns
const TYPING = 350; // milliseconds without a key, then it searches

function render({ model, el }) {
  const make = (name, style = "", text = "") => {
    const made = document.createElement(name);
    if (style) made.className = style;
    made.textContent = text;
    return made;
  };
  const press = (text, act) => {
    const button = make("button", "", text);
    button.type = "button";
    // The second click of a double click is not meant for what has come since.
    button.addEventListener("click", (event) => event.detail < 2 && act());
    return button;
  };

  let isBusy = false; // something is on its way
  let said = null; // what to say when it is done
  let last = ""; // what was said
  let typed = 0;
  let looks = 0;
  const question = () => model.get("question");
  const other = () => model.get("kinds")[1 - question().modality];

  const root = make("section", "skmal-question");
  const status = make("p", "faint");
  const ask = make("h3");
  const item = make("div", "item");
  const partners = make("p", "faint");
  const error = make("p", "error");
  const words = make("input");
  const listed = make("p", "faint");
  const list = make("ol");
  const none = press("", () => answer(null));
  const all = press("That is all", () => send({ do: "complete", question: question().id }, () => "Written down: it has no other partners."));
  const skip = press("Skip for now", () => send({ do: "skip", question: question().id }, () => "Skipped: it comes back later."));
  const undo = press("Undo", () => send({ do: "undo" }, () => ""));
  const knows = make("p", "faint");
  status.setAttribute("role", "status");
  error.setAttribute("role", "alert");
  words.type = "search";
  const search = make("p", "row");
  search.append(words, listed);
  const actions = make("p", "row");
  actions.append(none, all, skip, undo);
  const left = make("div");
  left.append(ask, item, partners);
  const right = make("div");
  right.append(search, list, actions);
  const sides = make("div", "sides");
  sides.append(left, right);
  root.append(status, error, sides, knows);
  el.append(root);

  function send(message, then) {
    if (isBusy) return;
    isBusy = true;
    said = then;
    root.setAttribute("aria-busy", "true");
    model.send(message);
  }

  function answer(partner) {
    const kind = other();
    const message = { do: "answer", question: question().id, partner: partner && partner.key };
    send(message, (progress) => writtenText(progress, partner, kind));
  }

  function shown(one) {
    if (one.audio) {
      const player = make("audio");
      player.controls = true;
      player.src = one.audio;
      player.setAttribute("aria-label", `Play ${one.key}`);
      return player;
    }
    if (one.audio === "") return make("span", "faint", `${one.key}: too large to be played here, or it cannot be read`);
    if (one.image === null) {
      const words = make("span", one.text === null ? "faint" : "text", one.text ?? one.key);
      words.dir = "auto";
      return words;
    }
    if (!one.image) return make("span", "faint", `${one.key}: cannot be read`);
    const image = make("img");
    image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth < 257));
    image.src = one.image;
    image.alt = `image ${one.key}`; // no description, which would give its text away
    return image;
  }

  function choice(one, number, isGuess) {
    const button = press("", () => answer(one));
    // A player is beside the button, not in it: to listen is not to choose.
    button.append(make("kbd", "", String(number)), one.audio ? make("span", "faint", one.key) : shown(one));
    const line = make("li", isGuess ? "guess" : "");
    line.append(button, ...(one.audio ? [shown(one)] : []));
    return line;
  }

  function showList() {
    const asked = question();
    const found = model.get("found");
    const items = found ? found.items : asked ? asked.candidates : [];
    const sure = found ? found.n_by_words : items.length;
    list.replaceChildren(...items.map((one, i) => choice(one, i + 1, i >= sure)));
    list.classList.toggle("images", Boolean(asked) && other() === "image");
    if (found) listed.textContent = foundText(found.words, sure, items.length - sure, false, found.partly);
    else listed.textContent = !asked || items.length ? "The likeliest, best first" : "No likely partner is left: search, or say that there is none";
  }

  function showQuestion() {
    const asked = question();
    const progress = model.get("progress");
    for (const part of [item, partners, search, list, none, all, skip]) part.hidden = !asked;
    words.value = "";
    if (!asked) {
      ask.textContent = nothingText(progress);
      return;
    }
    const [x, y] = [asked.modality, 1 - asked.modality].map((modality) => noun(model.get("kinds")[modality]));
    ask.textContent = `Which ${y} belongs to this ${x}?`;
    item.replaceChildren(shown(asked.item));
    if (asked.item.image !== null || asked.item.audio) item.append(make("p", "faint", asked.item.key));
    words.placeholder = `Not among these? Search all ${counted(progress.n_open[1 - asked.modality], y)}`;
    words.setAttribute("aria-label", `Search all other ${y}s`);
    none.textContent = `No ${y} belongs to it`;
    partners.textContent = asked.partners.length ? partnersText(asked.partners) : "";
    partners.hidden = all.hidden = !asked.partners.length;
    none.hidden = Boolean(asked.partners.length);
  }

  function showProgress() {
    const progress = model.get("progress");
    if (said) last = model.get("error") ? "" : said(progress);
    said = null;
    const parts = [answersText(progress) + restText(progress, model.get("kinds")), trainingText(progress), last];
    status.textContent = parts.filter(Boolean).join(" — ");
    error.textContent = model.get("error");
    knows.textContent = knowsText(progress);
    clearTimeout(looks);
    if (progress.is_training || (!question() && nothingText(progress).endsWith("…"))) {
      looks = setTimeout(() => send({ do: "refresh" }, null), WAIT);
    }
  }

  // One thing has been done: all that it changed has come with it.
  let before = null;
  let shownFound = null;
  function onDone() {
    isBusy = false;
    root.removeAttribute("aria-busy");
    const now = JSON.stringify([question()?.id, question()?.partners]);
    if (now !== before) showQuestion();
    if (now !== before || shownFound !== model.get("found")) showList();
    before = now;
    shownFound = model.get("found");
    showProgress();
  }
  words.addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(lookFor, TYPING);
  });
  function lookFor() {
    if (isBusy) typed = setTimeout(lookFor, TYPING);
    else if (question()) send({ do: "search", text: words.value }, null);
  }
  words.addEventListener("keydown", (event) => event.stopPropagation()); // notebooks have keys of their own
  model.on("change:n_done", onDone);
  onDone();
  return () => {
    clearTimeout(typed);
    clearTimeout(looks);
    model.off("change:n_done", onDone);
  };
}

export default { render };
