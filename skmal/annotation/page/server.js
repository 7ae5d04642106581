// What the page asks the server for; every request carries the token.
"use strict";

const LOST = "The server does not answer. What was answered before is safe; the page goes on when it is back.";

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("skmal-token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("skmal-token") || "";
}

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function ask(path, options = {}) {
  const headers = { "X-Skmal-Token": token(), ...options.headers };
  const response = await fetch(path, { ...options, headers });
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new Refused(response.status, body.error || response.statusText);
  }
  return response;
}

export async function get(path, params = {}) {
  return (await ask(`${path}?${new URLSearchParams(params)}`)).json();
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

let asked = 0; // how often what is shown was asked for; only the last answer counts

export function overtake() {
  asked += 1;
}

// What has been overtaken is not shown, be it an error: what came since is, or will be.
export async function latest(request) {
  const mine = asked;
  try {
    const state = await request;
    return mine === asked ? state : null;
  } catch (error) {
    if (mine === asked) throw error;
    return null;
  }
}

// What is wrong on the page of proposals is asked in full on the other, which leads back.
const BACK = "skmal-verify";

export function askInFull() {
  sessionStorage.setItem(BACK, "1");
  location.href = "./";
}

export function cameFromVerify() {
  const came = sessionStorage.getItem(BACK) !== null;
  sessionStorage.removeItem(BACK);
  return came;
}

export const explain = (error) => (error instanceof Refused ? error.message : LOST);
