// Items on the page: as text or as a picture, never as HTML; and one of them enlarged.
"use strict";

import { ask, explain } from "./server.js";

export const $ = (id) => document.getElementById(id);

let pictures = []; // addresses of blobs on the page
let zoomed = null; // what can be enlarged: items, which one, and what chooses it

export function element(name, text = "", style = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (style) made.className = style;
  return made;
}

export function forgetPictures() {
  pictures.splice(0).forEach((address) => URL.revokeObjectURL(address));
}

// An image is named by its key, for a description would give its text away.
export const nameOf = (item) => (item.image === null ? item.text ?? item.key : `image ${item.key}`);

export function shown(item, size = "small") {
  if (item.audio) return sound(item);
  if (item.image === null) {
    const words = element("span", item.text ?? item.key, item.text === null ? "key" : "text");
    words.dir = "auto"; // right to left where its first letters are
    return words;
  }
  const image = element("img");
  image.alt = nameOf(item);
  image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth < 257));
  load(image, item, size);
  return image;
}

function sound(item) {
  const player = element("audio");
  player.controls = true;
  player.setAttribute("aria-label", `Play ${item.key}`);
  load(player, item, "large");
  return player;
}

// Plays what an element shows, or pauses it; says whether there is something to play.
export function play(within) {
  const player = within.querySelector("audio");
  if (player?.paused) player.play();
  else player?.pause();
  return Boolean(player);
}

async function load(image, item, size) {
  try {
    const response = await ask(`${item.image ?? item.audio}&size=${size}`);
    const address = URL.createObjectURL(await response.blob());
    pictures.push(address);
    image.src = address;
  } catch (error) {
    image.replaceWith(element("span", `${item.key}: ${explain(error)}`));
  }
}

// The second click of a double click is not meant for the question that has come since.
export const isFirst = (event) => event.detail < 2;

// One of the items that can be chosen, with its number and a button that enlarges it.
export function choice(item, number, choose, enlarge) {
  const line = element("li");
  const button = element("button", "", "choice");
  button.type = "button";
  // A player is beside the button, not in it: to listen is not to choose.
  button.append(element("kbd", String(number)), item.audio ? element("span", item.key, "key") : shown(item));
  if (number <= 9) button.setAttribute("aria-keyshortcuts", String(number));
  button.addEventListener("click", (event) => isFirst(event) && choose(item));
  line.append(button, ...(item.audio ? [shown(item)] : []), enlarger(item, enlarge));
  return line;
}

export function enlarger(item, enlarge) {
  const button = element("button", "⤢", "enlarge");
  button.type = "button";
  const what = item.image === null ? "text" : nameOf(item);
  button.title = "Enlarge";
  button.setAttribute("aria-label", `Enlarge ${what}`);
  button.addEventListener("click", () => enlarge(item));
  return button;
}

// Texts need it only where they have been cut.
export function markCut(list) {
  for (const text of list.querySelectorAll(".text")) {
    text.closest("li").classList.toggle("cut", text.scrollHeight > text.clientHeight + 1);
  }
}

// Where an arrow key leads from one button of a list or grid: null is out of its top,
// undefined nowhere. `isFree` says that nothing has the focus yet.
export function neighbour(buttons, isFree, event) {
  const at = buttons.indexOf(event.target);
  if (at < 0) return isFree && event.key === "ArrowDown" ? buttons[0] : undefined;
  const top = (button) => button.getBoundingClientRect().top;
  const columns = buttons.filter((button) => top(button) === top(buttons[0])).length;
  const step = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 }[event.key];
  return at + step < 0 ? null : buttons[Math.min(at + step, buttons.length - 1)];
}

// ------------------------------------------------------------------ one enlarged

export function openZoom(items, at, choose) {
  zoomed = { items, at, choose };
  showZoomed();
  $("zoom").showModal();
}

function showZoomed() {
  const { items, at } = zoomed;
  $("zoomed").textContent = at ? `Candidate ${at}` : "Asked about";
  if (items[at].image !== null) $("zoomed").textContent += `: ${items[at].key}`;
  const large = shown(items[at], "large");
  large.autoplay = Boolean(items[at].audio);
  $("large").replaceChildren(large);
  $("choose").hidden = !at;
  $("full").hidden = items[at].image === null;
  setFull(false);
}

function move(by) {
  const n = zoomed.items.length;
  zoomed.at = (zoomed.at + by + n) % n;
  showZoomed();
}

function setFull(on) {
  $("large").classList.toggle("full", on);
  $("full").setAttribute("aria-pressed", String(on));
}

export function startZoom() {
  $("previous").addEventListener("click", () => move(-1));
  $("following").addEventListener("click", () => move(+1));
  $("full").addEventListener("click", () => setFull($("full").getAttribute("aria-pressed") === "false"));
  $("large").addEventListener("click", () => setFull(!$("large").classList.contains("full")));
  $("close").addEventListener("click", () => $("zoom").close());
  $("choose").addEventListener("click", () => {
    const { items, at, choose } = zoomed;
    $("zoom").close();
    choose(items[at]);
  });
  $("zoom").addEventListener("close", () => $("large").replaceChildren()); // and be silent
  $("zoom").addEventListener("keydown", (event) => {
    const scrolls = event.target === $("large") && $("large").classList.contains("full");
    if (event.key === "z") $("zoom").close();
    else if (event.key === "p" && play($("large"))) event.preventDefault();
    else if (event.key === "ArrowLeft" && !scrolls) move(-1);
    else if (event.key === "ArrowRight" && !scrolls) move(+1);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the page has its own keys, and the dialog may be gone now
  });
}
