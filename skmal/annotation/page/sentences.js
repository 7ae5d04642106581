// Numbers as people say them.
"use strict";

export const noun = (kind) => (kind === "other" ? "item" : kind);
export const counted = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

export function answersText({ n_answers: n, budget }) {
  return budget === null ? counted(n, "answer") : `${n.toLocaleString("en")} of ${counted(budget, "answer")}`;
}

export function restText(progress, kinds) {
  const parts = [""];
  if (progress.n_none) parts.push(`${progress.n_none} without partner`);
  if (progress.n_skips) parts.push(`${progress.n_skips} skipped`);
  if (progress.n_set_aside) parts.push(`${progress.n_set_aside} set aside`);
  const left = progress.n_open.map((n, modality) => counted(n, noun(kinds[modality])));
  parts.push(`${left.join(" and ")} left`);
  return parts.join(" · ");
}

export function trainingText(progress) {
  if (progress.training_error) return `The encoder could not learn: ${progress.training_error}`;
  return progress.is_training ? "The encoder is learning …" : "";
}

// How good the encoder is: in words, and by its score on held-out pairs.
export function knowsText({ knows, validation }) {
  if (validation.length < 2) return knows;
  const [first, now] = [validation[0][1], validation[validation.length - 1][1]];
  return `${knows} Its score on held-out pairs went from ${first.toFixed(2)} to ${now.toFixed(2)}; 1 is best.`;
}

// How good it is by random questions, and what more of them would bring.
export const auditText = ({ audited, forecast }) => [audited, forecast].filter(Boolean).join(" ");

// How many of what is shown may be taken for right.
export function expectedText(proposals) {
  const n = proposals.length;
  const sum = proposals.reduce((all, { confidence }) => all + confidence, 0);
  const advice = sum < 0.7 * n ? "That is few: one at a time is safer." : "Look at each.";
  const right = Math.round(sum);
  const told = right ? `about ${right} of these ${n} ${right === 1 ? "is" : "are"} right` : `hardly any of these ${n} is right`;
  const isTrusted = proposals.every((one) => one.is_trusted);
  const doubt = isTrusted ? "" : " Too few random questions have been answered to trust that.";
  return `By the encoder's own account ${told}.${doubt} ${advice}`;
}

export function verdictText({ n_right: right, n_wrong: wrong }, sent) {
  const parts = [];
  if (right) parts.push(`${counted(right, "pair")} written down as right`);
  if (wrong) parts.push(`${counted(wrong, "pair")} as wrong`);
  const late = sent - right - wrong;
  if (late) parts.push(`${counted(late, "pair")} had an answer by then, or no budget is left`);
  return `${parts.join("; ")}.`;
}

// Why nothing is proposed.
export function noProposalText(progress) {
  if (isSpent(progress)) return "The budget is spent.";
  if (progress.is_matching) return "The encoder is looking for partners …";
  if (progress.is_training) return "The encoder is learning …";
  if (!progress.n_rounds || progress.n_pairs < 2) return "The encoder has learned too little to propose anything.";
  return "Nothing is left to propose that nobody else is looking at.";
}

export function foundText(words, n, nByEncoder, isCut, isPartly) {
  const first = isCut ? "the first " : "";
  if (!words) return `${isCut ? "The first " : ""}${counted(n, "item")} in all`;
  const byWords = isPartly
    ? `Found: none with all of “${words}”, ${first}${n} with some of it`
    : `Found: ${first}${n || "none"} with “${words}”`;
  return nByEncoder ? `${byWords}, ${n ? "then" : "but"} ${nByEncoder} guesses` : byWords;
}

// What an answer said; of a long text the first words.
export function writtenText({ n_answers: n }, partner, other) {
  let what = `no ${noun(other)} belongs to it`;
  if (partner && partner.image !== null) what = `image ${partner.key}`;
  else if (partner) what = `“${shortened(partner.text ?? partner.key)}”`;
  return `Answer ${n} is written down: ${what}.`;
}

const shortened = (text) => (text.length > 80 ? `${text.slice(0, 78)} …` : text);

export function partnersText(partners) {
  const named = partners.map(({ text, key }) => `“${text ?? key}”`);
  return `Belongs to it so far: ${named.join(", ")}. Choose another one, or say that these are all.`;
}

export const isSpent = ({ budget, n_answers: n }) => budget !== null && n >= budget;

// Why there is no question.
export function nothingText(progress) {
  const [x, y] = progress.n_open;
  if (isSpent(progress)) return "The budget is spent.";
  if (progress.is_training) return "The encoder is choosing the next questions …";
  if (progress.is_stopped) return "That is enough: what was wanted is reached.";
  if (!x || !y) return "Nothing is left to ask about.";
  return "No question is free at the moment …";
}

// What can be done where nothing more is asked.
export function endText(progress, ends) {
  const more = isSpent(progress) ? " A larger budget (--budget, or change_budget) goes on with them; so does Undo, with the last one." : "";
  const finish = ends ? " Finish ends the session and says what there is." : "";
  return `All answers are kept. Export takes them home as a table.${finish}${more}`;
}

// ------------------------------------------------------------------ the review

export function placeText(place) {
  if (place === "none") return "no partner";
  if (place === "verified") return "proposed, and right";
  return place === "other" ? "found by search" : `candidate ${place}`;
}

export const turnText = (turn) => ["first", "second", "third"][Math.min(turn, 3) - 1] + " answer";

// What became of an answer, where that is not plain.
export function disputeText({ counts, is_disputed: disputed }) {
  if (disputed) return counts ? "in dispute, counts for now" : "in dispute";
  return counts ? "" : "does not count";
}

export function agreementText({ n, n_agreed: same, by_chance: chance, corrected }) {
  if (!n) return "No question has been answered by two people so far.";
  const beyond = corrected === null ? "" : ` Beyond chance that is ${corrected.toFixed(2)}; 1 is best, 0 is chance.`;
  return `Two people gave the same answer to ${same} of ${counted(n, "question")}; by chance it would be ${Math.round(chance * n)}.${beyond}`;
}
