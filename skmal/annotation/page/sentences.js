// Numbers as people say them.
"use strict";

const WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const FEW = 5; // answers that tell nothing yet

export const counted = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

export function answersText({ n_answers: n, budget }) {
  return budget === null ? counted(n, "answer") : `${n.toLocaleString("en")} of ${counted(budget, "answer")}`;
}

export function restText(progress) {
  const parts = [""];
  if (progress.n_none) parts.push(`${progress.n_none} without partner`);
  if (progress.n_skips) parts.push(`${progress.n_skips} skipped`);
  if (progress.n_set_aside) parts.push(`${progress.n_set_aside} set aside`);
  return parts.join(" · ");
}

export function trainingText(progress) {
  if (progress.training_error) return `The encoder could not learn: ${progress.training_error}`;
  return progress.is_training ? "The encoder is learning …" : "";
}

// How good the encoder's candidates are: in cases, and beside what guessing would find.
export function knowsText({ hits: [last, before], n_answers: n, validation }) {
  const sentences = [];
  if (last.n_answers >= FEW) {
    const first = WORDS[last.n_first] || last.n_first;
    const found = last.n_found / last.n_answers;
    sentences.push(
      `The encoder finds the right partner among its first ${first} in ${cases(last)} cases; ` +
      `guessing would find it in ${guessed(last.by_chance)}.`);
    if (found <= last.by_chance) sentences.push("That is no better than guessing so far.");
    if (before.n_answers >= FEW) sentences.push(`${counted(last.n_answers, "answer")} earlier it was ${cases(before)}.`);
  } else if (n) {
    sentences.push("There are too few answers yet to say how good the encoder is.");
  }
  if (validation.length > 1) {
    const [first, now] = [validation[0][1], validation[validation.length - 1][1]];
    sentences.push(`Its score on held-out pairs went from ${first.toFixed(2)} to ${now.toFixed(2)}; 1 is best.`);
  }
  return sentences.join(" ");
}

function cases({ n_found: found, n_answers: n }) {
  return n < 10 ? `${found} of ${n}` : `${Math.round((10 * found) / n)} of 10`;
}

function guessed(share) {
  return share > 0.15 ? `${Math.round(10 * share)} of 10` : `1 of ${Math.round(1 / share)}`;
}

export function foundText(words, n, nByEncoder, isCut) {
  if (!words) return `${isCut ? "The first " : ""}${counted(n, "item")} in all`;
  const byWords = n || !nByEncoder ? `${isCut ? "the first " : ""}${n} with “${words}”` : "";
  const byEncoder = nByEncoder ? `${nByEncoder} that look to the encoder like it` : "";
  return `Found: ${[byWords, byEncoder].filter(Boolean).join(", then ")}`;
}

// Why there is no question.
export function nothingText(progress) {
  const [x, y] = progress.n_open;
  if (progress.budget !== null && progress.n_answers >= progress.budget) return "The budget is spent.";
  if (progress.is_training) return "The encoder is choosing the next questions …";
  if (!x || !y) return "Nothing is left to ask about.";
  return "No question is free at the moment …";
}
