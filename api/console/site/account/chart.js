// Tokens by day as bars, drawn by us: a picture, a slider that reads it, and the same as a table.

import { h, replace, svg, table } from "../elements.js";
import { bring, number, say } from "../words.js";
import { locale } from "./frame.js";

const HEIGHT = 180;
const LEFT = 44;
const BELOW = 22;
const SPACE = 12;

/** Every UTC day from `since` to `until` with its tokens by sku, days without any included. */
export function days(spent, since, until) {
  const found = new Map();
  for (const one of spent) {
    const day = found.get(one.day) ?? {};
    day[one.sku] = (day[one.sku] ?? 0) + one.tokens;
    found.set(one.day, day);
  }
  const all = [];
  for (let at = Date.parse(`${since.slice(0, 10)}T00:00:00Z`); at < Date.parse(until); at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    const { audition = 0, license = 0 } = found.get(day) ?? {};
    all.push({ day, audition, license, tokens: audition + license });
  }
  return all;
}

/** The chart of such days. */
export function chart(list) {
  const picture = svg("svg", { class: "chart", role: "img", "aria-label": summary(list) });
  const told = h("output", { class: "chart-told" });
  const slider = h("input", {
    type: "range", class: "chart-slider", min: "0", max: String(list.length - 1),
    value: String(list.length - 1), "aria-label": say("chart.day"),
  });
  const show = () => {
    const at = Number(slider.value);
    const text = said(list[at]);
    slider.setAttribute("aria-valuetext", text);
    told.textContent = text;
    for (const bar of picture.querySelectorAll("[data-at]")) {
      bar.classList.toggle("chosen", Number(bar.dataset.at) === at);
    }
  };
  const draw = () => {
    drawInto(picture, list);
    show();
  };
  slider.addEventListener("input", show);
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / Math.max(1, box.width - LEFT);
    slider.value = String(Math.min(list.length - 1, Math.max(0, Math.floor(share * list.length))));
    show();
  });
  const watch = new ResizeObserver(draw);
  watch.observe(picture);
  draw();
  return h(
    "figure",
    { class: "chart-figure" },
    h("figcaption", { class: "chart-legend" }, key("audition"), key("license")),
    picture,
    slider,
    told,
    h("details", {}, h("summary", {}, say("chart.as_table")), rows(list)),
  );
}

function key(sku) {
  return h("span", {}, h("i", { class: `swatch swatch-${sku}`, "aria-hidden": "true" }), say(`chart.${sku}`));
}

function rows(list) {
  const spent = list.filter((one) => one.tokens > 0);
  return table(
    [say("chart.day"), ...["audition", "license", "tokens"].map((one) => ({ text: say(one === "tokens" ? "account.token_count" : `chart.${one}`), class: "number" }))],
    spent.map((one) => [dated(one.day), number(one.audition), number(one.license), number(one.tokens)]),
    say("chart.title"),
  );
}

function drawInto(picture, list) {
  const width = Math.max(280, picture.clientWidth || 280);
  const floor = HEIGHT - BELOW;
  const top = nice(Math.max(...list.map((one) => one.tokens), 1));
  const y = (tokens) => floor - (tokens / top) * (floor - SPACE);
  const step = (width - LEFT) / list.length;
  const wide = Math.max(1, Math.min(28, step - Math.min(3, step * 0.3)));
  picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  replace(
    picture,
    ...[0, top / 2, top].filter(Number.isInteger).flatMap((tokens) => [
      svg("line", { class: "chart-line", x1: LEFT, x2: width, y1: y(tokens), y2: y(tokens) }),
      label(number(tokens), LEFT - 6, y(tokens) + 4, "end"),
    ]),
    ...list.flatMap((one, at) => {
      const x = LEFT + step * at + (step - wide) / 2;
      const whole = { class: "chart-day", "data-at": at, x: LEFT + step * at, y: SPACE, width: step, height: floor - SPACE };
      const bar = (sku, from, to) =>
        to > from ? [svg("rect", { class: `bar bar-${sku}`, "data-at": at, x, y: y(to), width: wide, height: y(from) - y(to) })] : [];
      return [svg("rect", whole), ...bar("audition", 0, one.audition), ...bar("license", one.audition, one.tokens)];
    }),
    ...ticks(list.length).map((at, nth, all) =>
      label(dated(list[at].day, true), LEFT + step * (at + 0.5), HEIGHT - 4, anchor(nth, all.length)),
    ),
  );
}

/** Which days are named below: the first, the last and, where there is room, one between. */
function ticks(count) {
  return [...new Set(count < 3 ? [0, count - 1] : [0, Math.floor((count - 1) / 2), count - 1])];
}

function anchor(nth, count) {
  if (count === 1) return "middle";
  return nth === 0 ? "start" : nth === count - 1 ? "end" : "middle";
}

function label(text, x, y, at) {
  return svg("text", { x, y, "text-anchor": at }, text);
}

/** The next number of 1, 2, 4, 5 times a power of ten that is no smaller. */
function nice(most) {
  const ten = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 10].map((one) => one * ten).find((one) => one >= most);
}

function summary(list) {
  const total = list.reduce((sum, one) => sum + one.tokens, 0);
  const most = list.reduce((found, one) => (one.tokens > found.tokens ? one : found), list[0]);
  const values = { from: dated(list[0].day), to: dated(list.at(-1).day), n: total };
  if (total === 0) return say("chart.nothing", values);
  return say("chart.summary", { ...values, day: dated(most.day), most: most.tokens });
}

function said(one) {
  const values = { day: dated(one.day), n: one.tokens, audition: one.audition, license: one.license };
  return one.tokens ? say("chart.said", values) : say("chart.said_none", values);
}

/** A UTC day in the person's language. */
export function dated(day, short = false) {
  const shape = short ? { month: "short", day: "numeric" } : { dateStyle: "medium" };
  return new Intl.DateTimeFormat(locale(), { timeZone: "UTC", ...shape }).format(new Date(`${day}T00:00:00Z`));
}

bring({
  en: {
    "chart.title": "Tokens spent by day",
    "chart.day": "Day (UTC)",
    "chart.audition": "Auditions",
    "chart.license": "Licenses",
    "chart.as_table": "The same as a table",
    "chart.nothing": "Tokens spent by day, {from} to {to}: none.",
    "chart.summary": "Tokens spent by day, {from} to {to}: {n|one token|{n} tokens} in all, most on {day}: {most}.",
    "chart.said": "{day}: {n|one token|{n} tokens} (auditions {audition}, licenses {license})",
    "chart.said_none": "{day}: nothing spent",
  },
  zh: {
    "chart.title": "每日花费的代币",
    "chart.day": "日期（UTC）",
    "chart.audition": "试听",
    "chart.license": "许可证",
    "chart.as_table": "以表格显示",
    "chart.nothing": "{from} 至 {to} 每日花费的代币：无。",
    "chart.summary": "{from} 至 {to} 每日花费的代币：共 {n}，最多的一天是 {day}，{most} 代币。",
    "chart.said": "{day}：{n} 代币（试听 {audition}，许可证 {license}）",
    "chart.said_none": "{day}：没有花费",
  },
});
