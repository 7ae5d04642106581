// The page of `skmal annotate`: it asks for a question, shows it, and sends the answer.
// Whatever comes out of the pools enters it as text or as a picture, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const MORE = 20; // items that a search shows, and more at each wish
const WAIT = [1000, 10000]; // milliseconds until it asks again, at first and at most

let question = null;
let kinds = ["image", "text"];
let busy = false; // an answer is on its way
let wait = WAIT[0];
let timer = null;
let searched = 0; // number of the last search
let limit = MORE;
let pictures = []; // addresses of blobs on the page
let visible = 0; // milliseconds that the question has been in view
let since = null; // and since when, if it is

// ------------------------------------------------------------------ the server

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("skmal-token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("skmal-token") || "";
}

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const headers = { "X-Skmal-Token": token(), ...options.headers };
  const response = await fetch(path, { ...options, headers });
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new Refused(response.status, body.error || response.statusText);
  }
  return response;
}

async function get(path, params = {}) {
  return (await ask(`${path}?${new URLSearchParams(params)}`)).json();
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const sent = JSON.stringify({ ...body, by: by() });
  return (await ask(path, { method: "POST", headers, body: sent })).json();
}

const by = () => $("by").value.trim() || $("by").placeholder;

function explain(error) {
  if (error instanceof Refused) return error.message;
  return "The server does not answer. What was answered before is safe.";
}

// ------------------------------------------------------------------ the question

async function next(polling = false) {
  clearTimeout(timer);
  let state;
  try {
    state = await get("api/question", { by: by() });
  } catch (error) {
    say("error", explain(error));
    if (error.status !== 401) later();
    return;
  }
  say("error", state.progress.training_error
    ? `The encoder could not learn: ${state.progress.training_error}` : "");
  showProgress(state.progress);
  const same = question && state.question && question.id === state.question.id;
  if (polling && same) return;
  question = state.question;
  if (question) {
    wait = WAIT[0];
    showQuestion();
  } else {
    showNothing(state.progress);
    later();
  }
}

function later() {
  timer = setTimeout(() => next(true), wait);
  wait = Math.min(2 * wait, WAIT[1]);
}

function showQuestion() {
  pictures.splice(0).forEach((address) => URL.revokeObjectURL(address));
  const { modality, item, candidates } = question;
  const other = kinds[1 - modality];
  $("ask").textContent = `Which ${noun(other)} belongs to this ${noun(kinds[modality])}?`;
  $("item").replaceChildren(...shown(item, true));
  $("candidates").replaceChildren(...candidates.map((partner, i) => choice(partner, i + 1)));
  $("words-label").textContent = `Search all other ${noun(other)}s`;
  $("words").value = "";
  limit = MORE;
  searched += 1;
  showFound(null);
  for (const list of ["candidates", "found"]) $(list).classList.toggle("images", other === "image");
  $("asked").hidden = $("search").hidden = false;
  $("ask").focus();
  scrollTo(0, 0);
  visible = 0;
  since = document.hidden ? null : performance.now();
}

function showNothing(progress) {
  const [x, y] = progress.n_open;
  $("asked").hidden = $("search").hidden = true;
  showFound(null);
  const spent = progress.budget !== null && progress.n_answers >= progress.budget;
  let why = "Waiting for the next questions …";
  if (spent) why = "The budget is spent.";
  else if (!x || !y) why = "Nothing is left to ask about.";
  else if (!progress.is_training) why = "No question is free at the moment …";
  if ($("ask").textContent !== why) {
    $("ask").textContent = why;
    $("ask").focus();
  }
}

const noun = (kind) => (kind === "other" ? "item" : kind);

// An image is named by its key, for a description would give its text away.
function shown(item, withKey) {
  if (item.text !== null) return [element("span", item.text)];
  const key = element("span", item.key, "key");
  if (item.image === null) return [key];
  const image = element("img");
  image.alt = `image ${item.key}`;
  image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth < 128));
  load(image, item);
  return withKey ? [image, key] : [image];
}

async function load(image, item) {
  try {
    const response = await ask(item.image);
    const address = URL.createObjectURL(await response.blob());
    pictures.push(address);
    image.src = address;
  } catch (error) {
    image.replaceWith(element("span", `${item.key}: ${explain(error)}`));
  }
}

function choice(item, number) {
  const line = element("li");
  const button = element("button");
  button.type = "button";
  if (number <= 9) {
    button.append(element("kbd", String(number)));
    button.setAttribute("aria-keyshortcuts", String(number));
  }
  button.append(...shown(item, false));
  button.addEventListener("click", () => answer(item.key));
  line.append(button);
  return line;
}

function element(name, text = "", style = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (style) made.className = style;
  return made;
}

// ------------------------------------------------------------------ the answer

async function send(path, body, done) {
  if (busy) return;
  busy = true;
  try {
    const state = await post(path, body);
    say("status", done(state));
    say("error", "");
    await next();
  } catch (error) {
    if (error.status === 409) await next(); // answered elsewhere meanwhile
    say("error", explain(error));
  } finally {
    busy = false;
  }
}

function close(path, body, done) {
  if (!question) return;
  const seconds = (visible + (since === null ? 0 : performance.now() - since)) / 1000;
  send(path, { question: question.id, seconds, ...body }, done);
}

const answer = (partner) =>
  close("api/answer", { partner }, ({ progress }) => `Answer ${progress.n_answers} is written down.`);
const skip = () => close("api/skip", {}, () => "Skipped.");
const undo = () =>
  send("api/undo", {}, ({ undone }) => (undone ? "Taken back: here it is again." : "There is nothing to undo."));

// ------------------------------------------------------------------ the search

async function search() {
  if (!question) return;
  const mine = (searched += 1);
  const params = { modality: 1 - question.modality, text: $("words").value, limit };
  try {
    const { items } = await get("api/search", params);
    if (mine === searched) showFound(items);
  } catch (error) {
    say("error", explain(error));
  }
}

function showFound(items) {
  $("found").hidden = !items || !items.length;
  $("more").hidden = !items || items.length < limit || limit >= 500;
  $("found").replaceChildren(...(items || []).map((item) => choice(item)));
  if (items) say("status", items.length < limit ? `${items.length} found.` : `The first ${limit} are shown.`);
}

// ------------------------------------------------------------------ progress

function showProgress(progress) {
  const parts = [`${progress.n_answers} answers`, `${progress.n_pairs} pairs`];
  if (progress.n_none) parts.push(`${progress.n_none} without partner`);
  if (progress.n_skips) parts.push(`${progress.n_skips} skipped`);
  if (progress.n_set_aside) parts.push(`${progress.n_set_aside} set aside`);
  if (progress.budget !== null) parts.push(`budget ${progress.budget}`);
  parts.push(progress.is_training ? "the encoder is learning" : `${progress.n_rounds} rounds`);
  $("progress").textContent = parts.join(" · ");
  $("bar").hidden = progress.budget === null;
  $("bar").max = progress.budget || 1;
  $("bar").value = Math.min(progress.n_answers, progress.budget || 0);
  if (progress.validation.length) {
    drawCurve(progress.validation, "Score on held-out pairs, by pairs known");
  } else {
    const points = progress.prequential.map((share, i) => [i, share]);
    drawCurve(points, "Partners that the encoder ranked in its top 1 % before it was told, by round");
  }
}

function drawCurve(points, name) {
  $("curve").hidden = !points.length;
  if (!points.length) return;
  const [first, last] = [points[0], points[points.length - 1]];
  const width = last[0] - first[0] || 1;
  const placed = points.map(([x, y]) => [4 + (192 * (x - first[0])) / width, 56 - 52 * y]);
  $("line").setAttribute("points", placed.map((point) => point.join(",")).join(" "));
  const [x, y] = placed[placed.length - 1];
  $("last").setAttribute("cx", x);
  $("last").setAttribute("cy", y);
  $("curve-text").textContent = `${name}: ${Math.round(100 * last[1])} % now.`;
}

function say(where, text) {
  if ($(where).textContent !== text) $(where).textContent = text;
}

// ------------------------------------------------------------------ keys

function onKey(event) {
  const typing = event.target.matches("input:not([type=checkbox])");
  if (event.key === "Escape" && typing) {
    $("ask").focus();
    return;
  }
  const held = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
  if (typing || held || !$("keys").checked) return;
  const number = "123456789".indexOf(event.key);
  if (event.key === "u") undo();
  else if (!question) return;
  else if (event.key === "0") answer(null);
  else if (event.key === "s") skip();
  else if (event.key === "/") $("words").focus();
  else if (number >= 0 && number < question.candidates.length) answer(question.candidates[number].key);
  else return;
  event.preventDefault();
}

function onVisibility() {
  if (document.hidden && since !== null) {
    visible += performance.now() - since;
    since = null;
  } else if (!document.hidden && question) {
    since = performance.now();
  }
}

async function start() {
  token();
  try {
    const state = await get("api/progress");
    kinds = state.kinds;
    $("by").placeholder = state.by;
    $("by").value = localStorage.getItem("skmal-by") || state.by;
  } catch (error) {
    say("error", explain(error));
    $("ask").textContent = "This page cannot show the session.";
    return;
  }
  await next();
}

let typed = null;
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  limit = MORE;
  search();
});
$("words").addEventListener("input", () => {
  clearTimeout(typed);
  limit = MORE;
  typed = setTimeout(search, 200);
});
$("more").addEventListener("click", () => {
  limit = Math.min(limit + 2 * MORE, 500);
  search();
});
$("none").addEventListener("click", () => answer(null));
$("skip").addEventListener("click", skip);
$("undo").addEventListener("click", undo);
$("by").addEventListener("change", () => {
  localStorage.setItem("skmal-by", $("by").value.trim());
  next();
});
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", onVisibility);
addEventListener("hashchange", () => location.reload());
start();
