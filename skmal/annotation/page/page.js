// The page of `skmal annotate`: it asks for a question, shows it, and sends the answer.
"use strict";

import { $, choice, element, enlarger, forgetPictures, isFirst, markCut, neighbour, openZoom, play, shown, startZoom } from "./items.js";
import { answersText, auditText, counted, endText, foundText, isSpent, knowsText, noun, nothingText, partnersText, restText, trainingText, writtenText } from "./sentences.js";
import { ask, cameFromVerify, explain, get, latest, overtake, post, Refused } from "./server.js";

const MORE = 30; // items that a search shows, and more at each wish
const AGAIN = 2000; // milliseconds until the page looks again how things stand
const TYPING = { words: 120, encoder: 400 }; // milliseconds without a key, then it searches
const SIZES = [1.2, 1.1, 1, 0.95, 0.9, 0.85]; // of the letters of candidates, in rem

let question = null;
let kinds = ["image", "text"];
let ends = false; // whether "Finish" ends the server
let busy = false; // an answer is on its way
let isOver = false; // finished
let isLost = false; // the server did not answer
let searched = 0; // number of the last search
let limit = MORE;
let left = [0, 0]; // items of each kind without an answer
let nByWords = 0; // hits that hold the words, of which
let isPartly = false; // that none holds all of them
let hits = null; // what the last search found, or null where candidates show
let visible = 0; // milliseconds that the question has been in view
let since = null; // and since when, if it is
let typed = [];

const by = () => $("by").value.trim() || $("by").placeholder;
const choosable = () => hits ?? (question ? question.candidates : []);
const list = () => (hits ? $("found") : $("candidates"));

function say(where, text) {
  if ($(where).textContent !== text) $(where).textContent = text;
}

function sayError(error) {
  isLost = !(error instanceof Refused);
  say("error", explain(error));
}

// ------------------------------------------------------------------ the question

async function next() {
  if (isOver) return;
  overtake();
  const state = await latest(get("api/question", { by: by() }));
  if (!state) return;
  showProgress(state.progress);
  const same = question && state.question && question.id === state.question.id;
  question = state.question;
  if (!question) showNothing(state.progress);
  else if (!same || $("search").hidden) showQuestion();
}

// Status, training and errors come by themselves, and so does a question where none was.
async function look() {
  try {
    if (!document.hidden && !busy && !isOver) {
      if (question && !isLost) await lookAtProgress();
      else await next(); // what is shown may have been answered meanwhile
      if (isLost) say("error", "");
      isLost = false;
    }
  } catch (error) {
    sayError(error);
  }
  setTimeout(look, AGAIN);
}

async function lookAtProgress() {
  const state = await latest(get("api/progress"));
  if (state) showProgress(state.progress);
}

function showQuestion() {
  forgetPictures();
  const { modality, item, candidates } = question;
  const other = kinds[1 - modality];
  $("ask").textContent = `Which ${noun(other)} belongs to this ${noun(kinds[modality])}?`;
  showItem(item);
  $("candidates").replaceChildren(...candidates.map((one, i) => choice(one, i + 1, choose, enlarge)));
  $("candidates").style.setProperty("--columns", Math.ceil(Math.sqrt(candidates.length)));
  $("words-label").textContent = `Search all other ${noun(other)}s`;
  const all = `Search all ${counted(left[1 - modality], noun(other))}`;
  $("words").placeholder = candidates.length ? `Not among these? ${all}` : all;
  $("none-text").textContent = `No ${noun(other)} belongs to it`;
  for (const one of ["candidates", "found"]) $(one).classList.toggle("images", other === "image");
  const long = candidates.some(({ text }) => text !== null && text.length > 120);
  document.body.classList.toggle("long", long || other === "image");
  showIdle(false);
  showPartners(question.several ? question.partners : []);
  clearSearch();
  document.body.classList.add("still");
  $("ask").focus();
  scrollTo(0, 0);
  visible = 0;
  since = document.hidden ? null : performance.now();
}

function showItem(item) {
  const picture = shown(item);
  if (!item.audio) picture.addEventListener("click", () => enlarge(item));
  const parts = [picture, enlarger(item, enlarge)];
  if (item.image !== null || item.audio) parts.push(element("span", item.key, "key"));
  $("item").replaceChildren(...parts);
  const length = item.text === null ? 0 : item.text.length;
  $("item").className = length > 300 ? "many" : length > 100 ? "some" : "few";
  const scrolls = picture.scrollHeight > picture.clientHeight + 1 && item.text !== null;
  if (!scrolls) return;
  picture.tabIndex = 0;
  picture.setAttribute("role", "group");
  picture.setAttribute("aria-label", "The text asked about");
}

// What an item with several partners has been given so far.
function showPartners(partners) {
  say("partners", partners.length ? partnersText(partners) : "");
  $("partners").hidden = $("all").hidden = !partners.length;
  if (partners.length) $("none").hidden = true;
}

function showNothing(progress) {
  showIdle(true);
  const why = nothingText(progress);
  const isEnd = !why.endsWith("…");
  say("hint", isEnd ? endText(progress, ends) : "This page goes on by itself.");
  $("ways").hidden = !isEnd;
  $("ways-verify").hidden = isSpent(progress) || progress.n_open.includes(0); // nothing is proposed
  if ($("ask").textContent !== why) {
    $("ask").textContent = why;
    $("ask").focus();
  }
}

function showIdle(idle) {
  for (const id of ["search", "candidates", "none", "all", "skip", "item", "partners"]) $(id).hidden = idle;
  $("hint").hidden = !idle;
  $("ways").hidden = true;
  if (!idle) return;
  document.body.classList.remove("long");
  showFound(null);
  $("item").replaceChildren();
}

// Candidates take the largest letters with which all of them are in view.
function fit() {
  const fitted = $("candidates");
  if (fitted.hidden) return;
  for (const size of SIZES) {
    fitted.style.setProperty("--size", `${size}rem`);
    if (fitted.scrollHeight <= fitted.clientHeight + 1) break;
  }
  markCut(fitted);
  markCut($("found"));
}

function enlarge(item) {
  const items = [question.item, ...choosable()];
  openZoom(items, Math.max(0, items.indexOf(item)), choose);
}

// ------------------------------------------------------------------ the answer

async function send(path, body, done) {
  if (busy) return;
  busy = true;
  try {
    const state = await post(path, { ...body, by: by() });
    if (cameFromVerify()) {
      location.href = "verify";
      return;
    }
    question = null;
    await next();
    say("error", "");
    say("status", done(state));
  } catch (error) {
    if (error.status === 409) await next().catch(sayError); // answered elsewhere meanwhile
    sayError(error);
  } finally {
    busy = false;
  }
}

function close(path, body, done) {
  if (!question) return;
  const seconds = (visible + (since === null ? 0 : performance.now() - since)) / 1000;
  send(path, { question: question.id, seconds, ...body }, done);
}

function choose(item) {
  const other = kinds[1 - question?.modality];
  close("api/answer", { partner: item && item.key }, ({ progress }) => writtenText(progress, item, other));
}

const none = () => choose(null);
const complete = () => close("api/complete", {}, () => "Written down: it has no other partners.");
const skip = () => close("api/skip", {}, () => "Skipped: it comes back later.");
const undo = () =>
  send("api/undo", {}, ({ undone, taken, proposed }) => {
    if (proposed) return "Taken back: it is proposed again.";
    if (undone) return "Taken back: here it is again.";
    return taken ? "Taken back; what others said of it counts." : "There is nothing to undo.";
  });

// ------------------------------------------------------------------ the search

async function search(how) {
  if (!question) return;
  const mine = how === "words" ? (searched += 1) : searched;
  const words = $("words").value.trim();
  const params = { modality: 1 - question.modality, text: words, limit: how === "words" ? limit : MORE, how, question: question.id };
  try {
    const { items, partly } = await get("api/search", params);
    if (mine === searched) showFound(items, how === "encoder", partly);
  } catch (error) {
    sayError(error);
  }
}

function onType() {
  typed.forEach(clearTimeout);
  limit = MORE;
  if (!$("words").value.trim()) {
    showFound(null);
    return;
  }
  typed = ["words", "encoder"].map((how) => setTimeout(search, TYPING[how], how));
}

function showFound(items, byEncoder = false, partly = false) {
  const words = $("words").value.trim();
  if (byEncoder) {
    if (!hits) return;
    const keys = new Set(hits.map((item) => item.key));
    const others = items.filter((item) => !keys.has(item.key));
    const lines = others.map((one, i) => choice(one, hits.length + i + 1, choose, enlarge));
    lines.forEach((line) => line.classList.add("guessed"));
    $("found").append(...lines);
    if (others.length) say("listed", foundText(words, hits.length, others.length, !$("more").hidden, isPartly));
    hits = [...hits, ...others];
  } else {
    hits = items;
    nByWords = items ? items.length : 0;
    isPartly = partly;
    $("found").dataset.words = words;
    $("found").replaceChildren(...(items || []).map((one, i) => choice(one, i + 1, choose, enlarge)));
    $("more").hidden = !items || items.length < limit || limit >= 500;
    say("listed", items ? foundText(words, items.length, 0, !$("more").hidden, partly) : listedText());
  }
  $("found").hidden = !hits;
  $("candidates").hidden = Boolean(hits) || !question;
  $("listed").classList.toggle("likeliest", !hits && choosable().length > 0);
  if (hits) say("status", "");
  fit();
}

function listedText() {
  if (!question) return "";
  if (!question.candidates.length) return "No likely partner is left: search, or say that there is none";
  return "The likeliest, best first";
}

function clearSearch() {
  typed.forEach(clearTimeout);
  searched += 1;
  limit = MORE;
  $("words").value = "";
  showFound(null);
}

// Enter takes the only hit that holds all words; else the first gets the focus, and Enter takes that.
async function onEnter(event) {
  event.preventDefault();
  typed.forEach(clearTimeout);
  const words = $("words").value.trim();
  const isShown = hits && $("found").dataset.words === words;
  if (isShown && words && nByWords === 1 && !isPartly) {
    choose(hits[0]);
    return;
  }
  if (!isShown) await search("words");
  if (words && !isShown) typed = [setTimeout(search, TYPING.encoder, "encoder")];
  $("found").querySelector(".choice")?.focus();
}

// ------------------------------------------------------------------ progress and end

function showProgress(progress) {
  say("answers", answersText(progress));
  left = progress.n_open;
  say("rest", restText(progress, kinds));
  say("training", trainingText(progress));
  $("training").classList.toggle("bad", Boolean(progress.training_error));
  say("knows", knowsText(progress));
  say("audited", auditText(progress));
  $("bar").hidden = progress.budget === null;
  $("bar").max = progress.budget || 1;
  $("bar").value = Math.min(progress.n_answers, progress.budget || 0);
}

async function save() {
  try {
    const table = await (await ask("api/export")).blob();
    const link = element("a");
    link.href = URL.createObjectURL(table);
    link.download = "pairs.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), AGAIN);
    say("status", "The answers are in pairs.csv, among your downloads.");
  } catch (error) {
    sayError(error);
  }
}

async function finish() {
  $("sure").close();
  try {
    const made = ends
      ? (await post("api/finish", {})).made
      : ["All answers are kept. Others can go on; who started the session ends it."];
    isOver = true;
    overtake(); // what is on its way comes too late
    question = null;
    showIdle(true);
    $("ask").textContent = ends ? "Finished. Thank you!" : "Thank you!";
    $("made").replaceChildren(...made.map((line) => element("li", line)));
    say("hint", ends ? "The page has ended; this tab can be closed." : "This tab can be closed.");
    showOver(true);
    for (const id of ["training", "status", "error"]) say(id, "");
    $("ask").focus();
  } catch (error) {
    sayError(error);
  }
}

function showOver(over) {
  $("made").hidden = !over;
  $("back").hidden = !over || ends;
  for (const id of ["undo", "finish", "who", "hints", "knows", "audited", "verify"]) $(id).hidden = over;
  $("export").hidden = over && ends;
}

async function goOn() {
  isOver = false;
  question = null;
  showOver(false);
  await next().catch(sayError);
}

// ------------------------------------------------------------------ keys

function onKey(event) {
  if (document.querySelector("dialog[open]")) return;
  const typing = event.target.matches("input:not([type=checkbox])");
  const inWords = event.target === $("words");
  if (event.key === "Escape" && (typing || hits)) {
    clearSearch();
    $("ask").focus();
    return;
  }
  if (inWords && event.key === "ArrowDown") {
    list().querySelector(".choice")?.focus();
    event.preventDefault();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.startsWith("Arrow")) {
    if (moveBy(event)) event.preventDefault();
    return;
  }
  if (event.repeat || !$("keys").checked) return;
  const isDigit = /^[1-9]$/.test(event.key); // else, with Shift say, by the place of the key
  const numbered = choosable()[(isDigit ? event.key : (/^Digit([1-9])$/.exec(event.code) || [])[1]) - 1];
  if (event.key === "u") undo();
  else if (!question) return;
  else if (event.key === "0" && !$("none").hidden) none();
  else if (event.key === "a" && !$("all").hidden) complete();
  else if (event.key === "s") skip();
  else if (event.key === "p" && plays()) play(document.activeElement.closest("li") ?? $("item"));
  else if (event.key === "/") $("words").focus();
  else if (event.key === "z") enlarge(atFocus() ?? question.item);
  else if (numbered && event.shiftKey && !isDigit) enlarge(numbered);
  else if (numbered) choose(numbered);
  else return;
  event.preventDefault();
}

const plays = () => kinds.includes("audio");

const atFocus = () => choosable()[[...list().children].indexOf(document.activeElement.closest("li"))];

// Arrows move among what can be chosen; from the top of what was found into the search.
function moveBy(event) {
  const isFree = event.target === $("ask") || event.target === document.body;
  const to = neighbour([...list().querySelectorAll(".choice")], isFree, event);
  if (to) to.focus();
  else if (to === null && hits) $("words").focus();
  return to !== undefined;
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
  try {
    const state = await get("api/progress");
    ({ kinds, ends } = state);
    $("plays").hidden = !plays();
    $("by").placeholder = state.by;
    $("by").value = localStorage.getItem("skmal-by") || state.by;
    $("sure-text").textContent = ends
      ? "This ends the session for everybody who has it open. All answers are kept; the same command goes on with them."
      : "Your answers are kept. The session stays open for others.";
    await next();
  } catch (error) {
    sayError(error);
    if (!isLost) $("ask").textContent = "This page cannot show the session.";
    if (error.status === 401) return;
  }
  setTimeout(look, AGAIN);
}

const onClick = {
  undo, export: save, "ways-export": save, finish: () => $("sure").showModal(),
  yes: finish, no: () => $("sure").close(), back: goOn,
  more: () => {
    limit = Math.min(limit + 2 * MORE, 500);
    search("words");
  },
};
for (const [id, act] of Object.entries(onClick)) $(id).addEventListener("click", act);
for (const [id, act] of Object.entries({ none, all: complete, skip })) {
  $(id).addEventListener("click", (event) => isFirst(event) && act());
}
$("search").addEventListener("submit", onEnter);
$("words").addEventListener("input", onType);
$("by").addEventListener("change", () => {
  localStorage.setItem("skmal-by", $("by").value.trim());
  next().catch(sayError);
});
document.addEventListener("keydown", onKey);
// What has come under a pointer at rest does not look as if it were chosen.
document.addEventListener("pointermove", (event) => {
  if (event.movementX || event.movementY) document.body.classList.remove("still");
});
document.addEventListener("visibilitychange", onVisibility);
addEventListener("resize", fit);
addEventListener("hashchange", () => location.reload());
startZoom();
start();
