// Whose notes they are: what a candidate shares with others, and what it was made from.

import { h } from "../elements.js";
import { say } from "../words.js";
import { fact } from "./names.js";

/** Originality, provenance and the bars that were written again. */
export function origin(candidate) {
  return [
    h("section", { class: "card originality" }, h("h3", {}, say("audition.origin")), originality(candidate.originality)),
    h("section", { class: "card" }, h("h3", {}, say("audition.provenance")), provenance(candidate.provenance),
      rewrites(candidate.rewrites)),
  ];
}

/** How long a run of notes it shares, and with what. */
export function originality(said) {
  if (!said) return h("p", { class: "hint" }, say("audition.origin.not"));
  return [
    h("p", { class: "hint" }, say("audition.origin.hint")),
    h("dl", { class: "facts" }, ["training", "delivered", "brief"].map((name) => [
      h("dt", {}, say(`audition.origin.${name}`)), h("dd", {}, shared(said[name]))])),
  ];
}

function shared(one) {
  if (!one) return say("audition.origin.not");
  if (one.longest_run === 0) return say("audition.origin.nothing");
  const limit = one.limit ? `; ${say("audition.origin.limit", { limit: one.limit })}` : "";
  const parts = [h("span", {}, say("audition.origin.notes", { count: one.longest_run }), limit)];
  if (one.limit) {
    parts.unshift(h("span", { class: "fill", "aria-hidden": "true" },
      h("span", { style: { width: `${Math.min(100, (100 * one.longest_run) / one.limit)}%` } })));
  }
  return parts;
}

/** What it was made from, by the digests that its certificate repeats. */
export function provenance(said) {
  const rows = Object.entries(said ?? {}).filter(([name]) => name !== "originality");
  return h("dl", { class: "facts digests" }, rows.map(([name, value]) => [
    h("dt", {}, fact(name)), h("dd", {}, shown(value))]));
}

/** A value as it is; a digest by its beginning. */
export function shown(value) {
  if (value !== null && typeof value === "object") {
    return Object.entries(value).map(([name, one]) => h("span", { class: "inner" }, `${fact(name)} `, shown(one)));
  }
  const text = String(value);
  if (!/^[0-9a-f]{64}$/.test(text)) return text;
  return h("code", { title: text }, `${text.slice(0, 12)}…`);
}

function rewrites(said) {
  if (!said?.length) return null;
  return h("details", {}, h("summary", {}, say("audition.rewrites", { count: said.length })),
    h("ul", {}, said.map((one) => h("li", {}, say("audition.rewrite", { bar: one.bar + 1, reason: one.reason })))));
}
