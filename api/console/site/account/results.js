// What came of the lines of a batch, in pages: also while others are still being made.

import { call } from "../door.js";
import { h, replace, table } from "../elements.js";
import { bring, number, say } from "../words.js";
import { choice } from "./form.js";
import { chip, filled, further, grow } from "./frame.js";

const PAGE = 50;
const STATES = ["succeeded", "partially_succeeded", "running", "queued", "failed", "canceled", "expired"];
const TONES = { succeeded: "good", partially_succeeded: "warn", running: "live", failed: "bad" };

/** The lines; `only(status)` shows those of one status. */
export function results(path, signal) {
  const which = choice([["", say("results.all")], ...STATES.map((one) => [one, say(`batch.${one}`)])], "");
  const place = h("div");
  const page = (cursor) => pageOf(path, { limit: String(PAGE), status: which.value, cursor: cursor ?? "" }, signal);
  const heads = [
    { text: say("account.line"), class: "number" }, say("results.brief"), say("account.state"),
    say("results.best"), { text: say("account.token_count"), class: "number" },
  ];
  const renew = () =>
    filled(place, async () => {
      const { items, next_cursor } = await page(null);
      if (items.length === 0) return h("p", { class: "hint" }, say("results.none"));
      const made = table(heads, items.map(row), say("results.title"));
      return [made, further(page, (more) => grow(made, heads, more.map(row)), next_cursor)];
    }, signal);
  which.addEventListener("change", renew);
  const again = h("button", { type: "button", on: { click: renew } }, say("account.look"));
  return {
    element: h("div", {}, h("div", { class: "controls" },
      h("label", { class: "control" }, h("span", {}, say("account.state")), which), again), place),
    renew,
    only(status) {
      which.value = status;
      renew();
      which.focus();
    },
  };
}

/** A page of results as they are told: JSON lines, and where it goes on in the Link header. */
export async function pageOf(path, query, signal) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, one]) => one));
  const answer = await call("GET", `${path}/results?${asked}`, { accept: "application/jsonl", whole: true, signal });
  const items = (await answer.text()).split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const next = /<([^>]*)>;\s*rel="?next"?/.exec(answer.headers.get("Link") ?? "");
  return { items, next_cursor: next ? new URL(next[1], location.href).searchParams.get("cursor") : null };
}

function row(one) {
  return [
    number(one.line),
    h("a", { class: one.reference ? null : "mono", href: `#/briefs/${one.brief}`, title: one.brief }, one.reference ?? one.brief),
    h("div", { class: "belongs" }, chip(say(`batch.${one.status}`), TONES[one.status]), one.failure ? h("small", {}, one.failure.detail ?? one.failure.code) : null),
    best(one),
    number(one.tokens.captured),
  ];
}

function best({ candidates, line }) {
  const licensed = candidates.find((one) => one.license);
  if (licensed) {
    return h("a", { href: `#/licenses/${licensed.license}`, title: licensed.license,
      "aria-label": say("results.license_of", { line }) }, say("results.license"));
  }
  if (candidates.length === 0) return "";
  const first = bestOf(candidates);
  return say("results.rated", { rating: number(first.rating, 2), n: candidates.length });
}

/** The candidate with the highest rating; of equals the first. */
export function bestOf(candidates) {
  return candidates.reduce((found, one) => (one.rating > found.rating ? one : found));
}

bring({
  en: {
    "results.title": "What came of the lines",
    "results.all": "all",
    "results.none": "There are no such lines yet.",
    "results.brief": "Brief",
    "results.best": "Best candidate",
    "results.license": "Licensed",
    "results.license_of": "Licensed: line {line}",
    "results.rated": "rated {rating}, of {n}",
  },
  zh: {
    "results.title": "各行结果",
    "results.all": "全部",
    "results.none": "还没有这样的行。",
    "results.brief": "需求",
    "results.best": "最佳候选",
    "results.license": "已授权",
    "results.license_of": "已授权：第 {line} 行",
    "results.rated": "评分 {rating}，共 {n} 个",
  },
});
