// The view of proposals: pairs that the encoder takes for partners, right or wrong by one key.
"use strict";

import { $, element, forgetPictures, isFirst, neighbour, shown } from "./items.js";
import { answersText, auditText, expectedText, noProposalText, noun, restText, verdictText } from "./sentences.js";
import { askInFull, cameFromVerify, explain, get, latest, overtake, post, Refused } from "./server.js";

const AGAIN = 2000; // milliseconds until the page looks again how things stand
const GRID = 9; // pairs that are looked at together
const MOST = 100; // that may be asked for at a time

let proposals = []; // those on the page
let wrong = new Set(); // places of those that are marked as wrong
let passed = new Set(); // names of pairs that are put off
let kinds = ["image", "text"];
let busy = false;
let isLost = false; // the server did not answer
let visible = 0; // milliseconds that they have been in view
let since = null; // and since when, if they are

const by = () => $("by").value.trim() || $("by").placeholder;
const isOn = (id) => $(id).getAttribute("aria-pressed") === "true";
const named = ({ X, y }) => JSON.stringify([X.key, y.key]);
const keys = ({ X, y }) => [X.key, y.key];

function say(where, text) {
  if ($(where).textContent !== text) $(where).textContent = text;
}

function sayError(error) {
  isLost = !(error instanceof Refused);
  say("error", explain(error));
}

// ------------------------------------------------------------------ what is proposed

async function next() {
  const wanted = isOn("several") ? GRID : 1;
  const n = Math.min(wanted + passed.size, MOST);
  overtake();
  const order = isOn("least") ? "least_sure" : "surest";
  const state = await latest(get("api/proposals", { by: by(), n, order }));
  if (!state) return;
  if (isLost) say("error", "");
  isLost = false;
  kinds = state.kinds;
  showProgress(state.progress);
  if (state.n_in_full) {
    askInFull();
    return;
  }
  let left = state.proposals.filter((one) => !passed.has(named(one)));
  if (!left.length && passed.size && state.proposals.length) {
    passed = new Set(); // all others have been looked at
    left = state.proposals;
  }
  const now = left.slice(0, wanted);
  if (proposals.length && now.map(named).join() === proposals.map(named).join()) return;
  if (!now.length && $("right").hidden && since !== null) {
    say("ask", noProposalText(state.progress)); // as before, but for the reason
    return;
  }
  proposals = now;
  show(state.progress);
}

function show(progress) {
  forgetPictures();
  wrong = new Set();
  const several = isOn("several");
  const [x, y] = kinds.map(noun);
  $("pairs").classList.toggle("several", several);
  $("pairs").replaceChildren(...proposals.map((one, i) => (several ? cell(one, i) : single(one))));
  for (const id of ["right", "later"]) $(id).hidden = !proposals.length;
  $("wrong").hidden = several || !proposals.length;
  let title = several ? `Do these ${noun(kinds[0])}s and ${y}s belong together?` : `Do this ${x} and this ${y} belong together?`;
  if (!proposals.length) title = noProposalText(progress);
  say("ask", title);
  say("hint", several && proposals.length ? expectedText(proposals) : "");
  showMarks();
  document.body.classList.add("still");
  $("ask").focus();
  scrollTo(0, 0);
  visible = 0;
  since = document.hidden ? null : performance.now();
}

function single(one) {
  const line = element("li");
  const pair = element("div", "", "pair");
  pair.append(shown(one.X, "large"), shown(one.y, "large"));
  line.append(pair);
  return line;
}

function cell(one, i) {
  const line = element("li");
  const button = element("button", "", "pair");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-keyshortcuts", String(i + 1));
  button.append(element("kbd", String(i + 1)), shown(one.X), shown(one.y), element("span", "Wrong: it will be asked in full", "mark"));
  button.addEventListener("click", (event) => isFirst(event) && mark(i));
  line.append(button);
  return line;
}

function mark(i) {
  if (i >= proposals.length) return;
  if (!wrong.delete(i)) wrong.add(i);
  $("pairs").children[i].firstElementChild.setAttribute("aria-pressed", String(wrong.has(i)));
  showMarks();
}

function showMarks() {
  const several = isOn("several");
  let text = several ? "All right" : "Right";
  if (wrong.size) text = `The other ${proposals.length - wrong.size} are right`;
  if (wrong.size && wrong.size === proposals.length) text = "None is right";
  say("right-text", text);
}

function showProgress(progress) {
  say("progress", `${answersText(progress)}${restText(progress, kinds)}`);
  say("audited", auditText(progress));
  if (progress.training_error) say("error", progress.training_error);
}

// ------------------------------------------------------------------ the verdict

async function judge(isWrong) {
  if (!proposals.length) return;
  await send(async () => {
    const seconds = (visible + (since === null ? 0 : performance.now() - since)) / 1000;
    const state = await post("api/verdict", {
      right: proposals.filter((_, i) => !isWrong(i)).map(keys),
      wrong: proposals.filter((_, i) => isWrong(i)).map(keys),
      seconds, by: by(),
    });
    return verdictText(state, proposals.length);
  });
}

const right = () => judge((i) => wrong.has(i));
const refuse = () => !isOn("several") && judge(() => true);
const undo = () =>
  send(async () => {
    const { undone, taken } = await post("api/undo", { by: by() });
    if (undone) {
      askInFull(); // it was a question in full
      return "Taken back.";
    }
    return taken ? "Taken back: it is proposed again." : "There is nothing to undo.";
  });

function later() {
  for (const one of proposals) passed.add(named(one));
  if (passed.size > MOST - GRID) passed = new Set(proposals.map(named));
  send(async () => "Put off: it comes back when the others have run out.");
}

async function send(act) {
  if (busy) return;
  busy = true;
  try {
    const told = await act();
    proposals = [];
    await next();
    say("error", "");
    say("status", told);
  } catch (error) {
    sayError(error);
  } finally {
    busy = false;
  }
}

function toggle(id) {
  $(id).setAttribute("aria-pressed", String(!isOn(id)));
  passed = new Set();
  send(async () => "");
}

// Status and proposals come by themselves where there were none.
async function look() {
  try {
    if (!document.hidden && !busy && (isLost || !proposals.length)) await next();
  } catch (error) {
    sayError(error);
  }
  setTimeout(look, AGAIN);
}

// ------------------------------------------------------------------ keys

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === $("by")) return;
  if (event.key.startsWith("Arrow")) {
    const isFree = event.target === $("ask") || event.target === document.body;
    const to = neighbour([...$("pairs").querySelectorAll("button")], isFree, event);
    if (to) to.focus();
    if (to) event.preventDefault();
    return;
  }
  if (event.repeat) return;
  const acts = { y: right, n: refuse, s: later, u: undo, g: () => toggle("several"), l: () => toggle("least") };
  if (isOn("several") && /^[1-9]$/.test(event.key)) mark(event.key - 1);
  else if (Object.hasOwn(acts, event.key)) acts[event.key]();
  else return;
  event.preventDefault();
}

async function start() {
  cameFromVerify();
  try {
    const state = await get("api/progress");
    $("by").placeholder = state.by;
    $("by").value = localStorage.getItem("skmal-by") || state.by;
    await next();
    if (!proposals.length) show(state.progress);
  } catch (error) {
    sayError(error);
  }
  setTimeout(look, AGAIN);
}

for (const [id, act] of Object.entries({ right, wrong: refuse, later, undo })) {
  $(id).addEventListener("click", (event) => isFirst(event) && act());
}
for (const id of ["several", "least"]) $(id).addEventListener("click", () => toggle(id));
$("by").addEventListener("change", () => {
  localStorage.setItem("skmal-by", $("by").value.trim());
  send(async () => "");
});
document.addEventListener("keydown", onKey);
document.addEventListener("pointermove", (event) => {
  if (event.movementX || event.movementY) document.body.classList.remove("still");
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden && since !== null) {
    visible += performance.now() - since;
    since = null;
  } else if (!document.hidden && proposals.length) since = performance.now();
});
start();
