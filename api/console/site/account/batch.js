// One batch: how far it is, what it costs, what came of each line; licensing, files, and canceling.

import { call, rest } from "../door.js";
import { announce, h, replace } from "../elements.js";
import { bring, number, say, when } from "../words.js";
import { confirm } from "./ask.js";
import { stateOf } from "./batching.js";
import { picker } from "./picking.js";
import { results } from "./results.js";
import { busy, facts, heading, locale, save, section } from "./frame.js";

const STATES = ["succeeded", "partially_succeeded", "running", "queued", "failed", "canceled", "expired"];
const PACE_S = [2, 3, 5, 8, 12, 20];

/** The page. */
export async function show(place, route) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const path = `/v1/batches/${encodeURIComponent(route.parts[1])}`;
  const first = await call("GET", path, { signal });
  const head = h("div");
  const far = h("div");
  const lines = results(path, signal);
  let batch = first;
  const draw = () => {
    replace(head, heading(batch.name ?? batch.id, stateOf(batch), batch.status === "running" ? ending(path, renew) : null));
    replace(far, progress(batch, lines), money(batch));
  };
  async function renew() {
    const found = await call("GET", path, { signal });
    const moved = JSON.stringify(found) !== JSON.stringify(batch);
    const over = batch.status !== "ended" && found.status === "ended";
    batch = found;
    if (!moved) return;
    draw();
    if (over) {
      announce(say("batch.over"));
      window.dispatchEvent(new Event("tokens"));
      await lines.renew();
    }
  }
  draw();
  replace(place, h("div", { class: "account" },
    h("p", {}, h("a", { href: "#/batches" }, `← ${say("batches.title")}`)), head,
    h("div", { class: "account-content" }, far,
      section(say("batch.lines"), lines.element),
      section(say("batch.license"), picker(path, () => batch, () => Promise.all([renew(), lines.renew()]), signal)),
      section(say("batch.files"), files(path, batch)))));
  lines.renew();
  watch(() => batch, renew, signal);
  return () => leaving.abort();
}

async function watch(batch, renew, signal) {
  try {
    for (let turn = 0; batch().status !== "ended"; turn += 1) {
      await rest(PACE_S[Math.min(turn, PACE_S.length - 1)], signal);
      await renew();
    }
  } catch (error) {
    if (error.name !== "AbortError") announce(error.message);
  }
}

function ending(path, renew) {
  const made = h("button", { type: "button", class: "danger", on: { click: ask } }, say("batch.cancel"));
  async function ask() {
    const done = await confirm({
      title: say("batch.cancel_title"),
      body: [h("p", {}, say("batch.cancel_body"))],
      label: say("batch.cancel"),
      act: () => call("POST", `${path}/cancel`, { idempotent: false }),
    });
    if (done !== null) await busy(made, renew);
  }
  return made;
}

function progress(batch, lines) {
  const over = batch.briefs - batch.counts.queued - batch.counts.running;
  const bar = h("progress", { max: batch.briefs, value: over, "aria-label": say("batch.done", { over, all: batch.briefs }) });
  const expected = batch.expected_end_at ? say("batch.expected", { at: moment(batch.expected_end_at) }) : "";
  return h("div", { class: "card" },
    h("p", {}, h("b", {}, say("batch.done", { over, all: batch.briefs })), batch.status === "ended" ? "" : ` ${expected}`),
    bar,
    h("div", { class: "row" }, STATES.filter((one) => batch.counts[one] > 0).map((one) =>
      h("button", { type: "button", class: "count", on: { click: () => lines.only(one) } }, `${say(`batch.${one}`)} ${number(batch.counts[one])}`))),
    h("p", { class: "hint" }, say("batch.made", { n: batch.candidates, licenses: batch.licenses })));
}

function moment(iso) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

function money({ tokens, created_at, deadline_at, finished_at, id }) {
  const count = (n) => say("account.tokens", { n });
  return h("div", { class: "card" }, facts([
    [say("batch.quoted"), count(tokens.quoted)],
    [say("batch.held"), tokens.held ? count(tokens.held) : null],
    [say("batch.captured"), count(tokens.captured)],
    [say("batch.released"), tokens.released ? count(tokens.released) : null],
    [say("batch.late"), tokens.late ? count(tokens.late) : null],
    [say("batch.for_licenses"), tokens.licenses ? count(tokens.licenses) : null],
    [say("account.made_at"), when(created_at)],
    [say("batch.deadline"), finished_at ? null : when(deadline_at)],
    [say("batches.ended_at"), finished_at ? when(finished_at) : null],
    ["ID", h("span", { class: "mono" }, id)],
  ]));
}

/** Files of the whole batch. The browser keeps a large one on its disk until it is saved. */
function files(path, batch) {
  const name = batch.name?.replace(/[^\p{L}\p{N}_-]+/gu, "-") || batch.id;
  const get = (label, address, ending) => {
    const made = h("button", { type: "button", on: { click: () => busy(made, fetched) } }, label);
    async function fetched() {
      announce(say("batch.fetching"));
      const answer = await call("GET", `${path}/${address}`, { accept: "*/*", whole: true });
      save(await answer.blob(), `${name}${ending}`);
    }
    return made;
  };
  return [
    h("div", { class: "row" },
      get(say("batch.package"), "package?files=masters", ".zip"),
      get(say("batch.package_all"), "package?files=all", "-all.zip"),
      get(say("batch.manifest"), "package?files=manifest", "-manifest.zip")),
    h("div", { class: "row" },
      get(say("batch.results"), "results", "-results.jsonl"),
      get(say("batch.statement_csv"), "statement?format=csv", "-statement.csv"),
      get(say("batch.statement_jsonl"), "statement?format=jsonl", "-statement.jsonl")),
    h("p", { class: "hint" }, say("batch.files_about")),
  ];
}

bring({
  en: {
    "batch.over": "The batch has ended.",
    "batch.lines": "Lines",
    "batch.license": "License the best",
    "batch.files": "Download",
    "batch.cancel": "Cancel the batch",
    "batch.cancel_title": "Cancel what is not made yet?",
    "batch.cancel_body": "Briefs that have not ended are given up and the tokens held for them come back. What was delivered stays, is paid, and can be licensed. This cannot be undone.",
    "batch.done": "{over} of {all} briefs have ended",
    "batch.expected": "Expected to end {at}.",
    "batch.made": "{n|One candidate|{n} candidates} to audition, {licenses|one license|{licenses} licenses}.",
    "batch.succeeded": "succeeded",
    "batch.partially_succeeded": "partly succeeded",
    "batch.running": "running",
    "batch.queued": "queued",
    "batch.failed": "failed",
    "batch.canceled": "canceled",
    "batch.expired": "expired",
    "batch.quoted": "Quoted",
    "batch.held": "Held",
    "batch.captured": "Paid for auditions",
    "batch.released": "Given back",
    "batch.late": "Paid for late ones",
    "batch.for_licenses": "Paid for licenses",
    "batch.deadline": "Made until",
    "batch.fetching": "The file is being fetched.",
    "batch.package": "Package: masters",
    "batch.package_all": "Package: all files",
    "batch.manifest": "Package: list only",
    "batch.results": "Results (JSON lines)",
    "batch.statement_csv": "Statement (CSV)",
    "batch.statement_jsonl": "Statement (JSON lines)",
    "batch.files_about": "Packages have what is licensed, with its certificates; results have what is there so far.",
  },
  zh: {
    "batch.over": "批量任务已结束。",
    "batch.lines": "各行结果",
    "batch.license": "授权最佳候选",
    "batch.files": "下载",
    "batch.cancel": "取消批量任务",
    "batch.cancel_title": "取消尚未完成的部分？",
    "batch.cancel_body": "尚未结束的需求会被放弃，为其预留的代币退回。已交付的保留并计费，仍可授权。此操作无法撤销。",
    "batch.done": "{all} 个需求中已结束 {over} 份",
    "batch.expected": "预计 {at} 结束。",
    "batch.made": "可试听候选 {n} 个，授权 {licenses} 个。",
    "batch.succeeded": "成功",
    "batch.partially_succeeded": "部分成功",
    "batch.running": "制作中",
    "batch.queued": "排队中",
    "batch.failed": "失败",
    "batch.canceled": "已取消",
    "batch.expired": "已过期",
    "batch.quoted": "报价",
    "batch.held": "预留",
    "batch.captured": "试听已付",
    "batch.released": "已退回",
    "batch.late": "迟到部分已付",
    "batch.for_licenses": "授权已付",
    "batch.deadline": "完成期限",
    "batch.fetching": "正在获取文件。",
    "batch.package": "打包：母带",
    "batch.package_all": "打包：全部文件",
    "batch.manifest": "打包：仅清单",
    "batch.results": "结果（JSON 行）",
    "batch.statement_csv": "对账单（CSV）",
    "batch.statement_jsonl": "对账单（JSON 行）",
    "batch.files_about": "打包内容为已授权的曲目及其证书；结果为目前已有的部分。",
  },
});
