// The review view: all answers, newest first, what people agree on, and how fast they are.
"use strict";

import { $, element, forgetPictures, nameOf, shown } from "./items.js";
import { agreementText, counted, disputeText, placeText, turnText } from "./sentences.js";
import { ask, explain, get, post, Refused } from "./server.js";

const AGAIN = 4000; // milliseconds until the page looks again how things stand

let by = "me"; // in whose name answers are taken back
let oldest = null; // id of the last answer listed
let listed = 0; // answers that there were when they were listed
let asks = 0; // how often the list was asked for
let wanted = null; // the answer that may be taken back

const share = (x) => (x === null ? "–" : `${Math.round(100 * x)} %`);
const number = (x, digits = 0) => (x === null ? "–" : x.toFixed(digits));

function say(where, text) {
  if ($(where).textContent !== text) $(where).textContent = text;
}

// ------------------------------------------------------------------ answers

async function list(older = false) {
  const params = { disputed: $("disputed").checked ? 1 : 0 };
  if ($("of").value) params.of = $("of").value;
  if (older) params.before = oldest;
  const own = ++asks;
  try {
    const { replies, more, progress } = await get("api/replies", params);
    if (own !== asks) return; // another list was asked for meanwhile
    if (!older) {
      forgetPictures();
      $("replies").replaceChildren();
    }
    $("replies").append(...replies.map(line));
    $("more").hidden = !more;
    $("nothing").hidden = $("replies").childElementCount > 0;
    if (replies.length) oldest = replies[replies.length - 1].id;
    if (!older) listed = progress.n_answers;
    showTables(progress);
    say("error", "");
  } catch (error) {
    say("error", explain(error));
  }
}

function line(reply) {
  const made = element("li", "", "reply");
  const pair = element("div", "", "pair");
  const partner = reply.partner ? shown(reply.partner) : element("span", "no partner", "key");
  pair.append(shown(reply.item), element("span", "→", "arrow"), partner);
  const meta = element("p", "", "meta");
  const parts = [new Date(reply.at).toLocaleString(), placeText(reply.place), turnText(reply.turn)];
  if (reply.seconds !== null) parts.splice(1, 0, `${reply.seconds.toFixed(1)} s`);
  meta.append(element("strong", reply.by), ` · ${parts.join(" · ")}`);
  const state = disputeText(reply);
  if (state) meta.append(" · ", element("strong", state, reply.counts ? "" : "lost"));
  const row = element("p", "", "row");
  row.append(act(reply, "Take back", () => askFirst(reply)));
  if (reply.is_disputed || !reply.counts) {
    row.append(act(reply, "Let this count", () => change("api/adopt", reply, "It counts now.")));
  }
  made.append(pair, meta, row);
  return made;
}

function act(reply, words, does) {
  const button = element("button", words);
  button.type = "button";
  button.setAttribute("aria-label", `${words}: ${told(reply)}`);
  button.addEventListener("click", does);
  return button;
}

const told = (reply) => `${reply.by}, ${nameOf(reply.item)} → ${reply.partner ? nameOf(reply.partner) : "no partner"}`;

function askFirst(reply) {
  wanted = reply;
  say("sure-text", `${told(reply)}. ${
    reply.counts && !reply.is_disputed ? "Unless somebody else has said the same, it will be asked about again." : ""
  }`);
  $("sure").showModal();
}

async function change(path, reply, done) {
  try {
    await post(path, { reply: reply.id, by });
    await list();
    say("status", done);
    $("answers-title").focus();
  } catch (error) {
    if (error instanceof Refused) await list();
    say("error", explain(error));
  }
}

// ------------------------------------------------------------------ tables

function table(caption, head, rows) {
  const made = element("table");
  made.append(element("caption", caption));
  const top = made.createTHead().insertRow();
  for (const name of head) {
    const cell = element("th", name);
    cell.scope = "col";
    top.append(cell);
  }
  const bodyOf = made.createTBody();
  for (const [name, ...cells] of rows) {
    const row = bodyOf.insertRow();
    const first = element("th", name);
    first.scope = "row";
    row.append(first, ...cells.map((text) => element("td", text)));
  }
  return made;
}

function put(where, made) {
  const [before] = $(where).children;
  if (!before || before.textContent !== made.textContent) $(where).replaceChildren(made);
}

const agreed = (own) => (own && own.n
  ? [`${own.n_agreed} of ${own.n}`, share(own.by_chance), number(own.corrected, 2)]
  : ["–", "–", "–"]);
const paced = (own) => (own
  ? [String(own.n), number(own.per_hour), own.n ? number(own.seconds / own.n, 1) : "–"]
  : ["–", "–", "–"]);

function showTables(progress) {
  const { pace, pace_by_rank: ranks, agreement, agreement_by_person: persons, overruled } = progress;
  say("progress", counted(progress.n_answers, "answer"));
  say("agreement", agreementText(agreement));
  const open = [];
  if (progress.n_waiting) open.push(`${counted(progress.n_waiting, "answer")} wait${progress.n_waiting === 1 ? "s" : ""} for a second person`);
  if (progress.n_disputed) open.push(`${counted(progress.n_disputed, "question")} in dispute`);
  say("waiting", open.length ? `${open.join(", ")}.` : "");
  const names = [...new Set([...Object.keys(pace), ...Object.keys(persons)])].sort();
  put("people", table(
    "By person; “beyond it” is 1 where all is the same and 0 where that is chance",
    ["Person", "Timed", "Per hour", "Seconds", "Same", "By chance", "Beyond it", "Overruled"],
    names.map((name) => [name, ...paced(pace[name]), ...agreed(persons[name]), String(overruled[name] || 0)]),
  ));
  const stretches = progress.agreement_over_time;
  $("stretches").hidden = stretches.length < 2;
  put("stretches", table(
    "Over time, the oldest first",
    ["Stretch", "Same", "By chance", "Beyond it"],
    stretches.map((own, i) => [String(i + 1), ...agreed(own)]),
  ));
  put("places", table(
    "By the place of the candidate chosen",
    ["Candidate", "Timed", "Per hour", "Seconds"],
    Object.entries(ranks).filter(([, own]) => own.n).map(([name, own]) => [placeText(name), ...paced(own)]),
  ));
  const known = new Set([...$("of").options].map((option) => option.value));
  for (const name of names) if (!known.has(name)) $("of").append(new Option(name, name));
  $("newer").hidden = progress.n_answers === listed;
}

async function look() {
  try {
    if (!document.hidden) {
      showTables((await get("api/progress")).progress);
      say("error", "");
    }
  } catch (error) {
    say("error", explain(error));
  }
  setTimeout(look, AGAIN);
}

async function save() {
  try {
    const content = await (await ask("api/answers")).blob();
    const link = element("a");
    link.href = URL.createObjectURL(content);
    link.download = "answers.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), AGAIN);
    say("status", "Every answer is in answers.csv, among your downloads.");
  } catch (error) {
    say("error", explain(error));
  }
}

// Arrows go from answer to answer.
function onKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const at = event.target.closest(".reply");
  const free = event.target === document.body || event.target === $("answers-title");
  const to = at ? (step > 0 ? at.nextElementSibling : at.previousElementSibling) : free && step > 0 && $("replies").firstElementChild;
  if (!to) return;
  to.querySelector("button").focus();
  event.preventDefault();
}

async function start() {
  try {
    const state = await get("api/progress");
    by = localStorage.getItem("skmal-by") || state.by;
  } catch (error) {
    say("error", explain(error));
    if (error.status === 401) return;
  }
  await list();
  setTimeout(look, AGAIN);
}

$("of").addEventListener("change", () => list());
$("disputed").addEventListener("change", () => list());
$("newer").addEventListener("click", () => list());
$("more").addEventListener("click", () => list(true));
$("export").addEventListener("click", save);
$("no").addEventListener("click", () => $("sure").close());
$("yes").addEventListener("click", () => {
  $("sure").close();
  change("api/take_back", wanted, "Taken back.");
});
document.addEventListener("keydown", onKey);
addEventListener("hashchange", () => location.reload());
start();
