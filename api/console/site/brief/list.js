// The account's briefs, newest first; those that are being made renew themselves.

import { call } from "../door.js";
import { h, problem, replace } from "../elements.js";
import { bring, say, when } from "../words.js";
import { statusBadge } from "../watch/status.js";
import { nameOf } from "./names.js";

bring({
  en: {
    "list.title": "Briefs",
    "list.empty": "No brief yet. Say what you need and listen to what comes back.",
    "list.none": "No brief is like that.",
    "list.first": "Write the first brief",
    "list.status": "Status", "list.project": "Project", "list.all": "Any status",
    "list.more": "Older ones",
  },
  zh: {
    "list.title": "需求",
    "list.empty": "还没有需求。说说您需要什么,然后试听结果。",
    "list.none": "没有符合条件的需求。",
    "list.first": "写第一个需求",
    "list.status": "状态", "list.project": "项目", "list.all": "任何状态",
    "list.more": "更早的",
  },
});

const STATUSES = ["queued", "running", "succeeded", "partially_succeeded", "failed", "canceled", "expired"];
const OPEN = new Set(["queued", "running"]);
const RENEWED_MS = 4000;

/** Fill the page. `#/?status=running&project=season-2` filters. */
export async function show(place, route) {
  const list = new List(route.query);
  replace(place,
    h("div", { class: "spread" }, h("h1", {}, say("list.title")),
      // On a desk the frame has the same button, always in sight.
      h("a", { class: "button primary in-frame", href: "#/new" }, say("frame.new"))),
    list.filters(), list.place, list.more);
  await list.load();
  return () => list.leave();
}

class List {
  constructor(query) {
    this.query = query;
    this.lines = [];
    this.cursor = null;
    this.turn = 0;
    this.gone = new AbortController();
    this.place = h("div", {});
    this.more = h("button", { hidden: true, on: { click: () => this.load() } }, say("list.more"));
  }

  filters() {
    const status = h("select", { value: this.query.get("status") ?? "", "aria-label": say("list.status"),
      on: { change: () => this.filter("status", status.value) } },
      h("option", { value: "" }, say("list.all")),
      STATUSES.map((one) => h("option", { value: one }, say(`watch.status.${one}`))));
    const project = h("input", { type: "search", value: this.query.get("project") ?? "", maxLength: 64,
      placeholder: say("list.project"), "aria-label": say("list.project"),
      on: { change: () => this.filter("project", project.value.trim()) } });
    return h("div", { class: "row filters" }, status, project);
  }

  filter(name, value) {
    if (value) this.query.set(name, value);
    else this.query.delete(name);
    // The address tells it to who copies it; the page stays, and the focus where it is.
    history.replaceState(null, "", `#/${this.query.size ? `?${this.query}` : ""}`);
    this.turn += 1;
    this.lines = [];
    this.cursor = null;
    this.load();
  }

  async load() {
    const mine = this.turn;
    this.more.disabled = true;
    try {
      const page = await this.page(this.cursor);
      if (mine !== this.turn) return;
      this.lines.push(...page.items);
      this.cursor = page.next_cursor;
      this.draw();
      this.watch();
    } catch (error) {
      if (!this.gone.signal.aborted) replace(this.place, problem(error));
    } finally {
      this.more.disabled = false;
    }
  }

  page(cursor) {
    const asked = new URLSearchParams({ limit: 25 });
    for (const name of ["status", "project"]) if (this.query.get(name)) asked.set(name, this.query.get(name));
    if (cursor) asked.set("cursor", cursor);
    return call("GET", `/v1/briefs?${asked}`, { signal: this.gone.signal });
  }

  draw() {
    this.more.hidden = this.cursor === null;
    if (!this.lines.length) return replace(this.place, this.nothing());
    return replace(this.place, h("ul", { class: "briefs" }, this.lines.map(row)));
  }

  nothing() {
    if (this.query.size) return h("p", { class: "empty" }, say("list.none"));
    return h("div", { class: "empty" }, h("p", {}, say("list.empty")),
      h("a", { class: "button primary", href: "#/new" }, say("list.first")));
  }

  /** Look again while something is being made; a tab in the background rests. */
  watch() {
    clearTimeout(this.timer);
    if (!this.lines.some((one) => OPEN.has(one.status))) return;
    this.timer = setTimeout(() => this.renew(), RENEWED_MS);
  }

  async renew() {
    try {
      if (!document.hidden) {
        const mine = this.turn;
        const { items, next_cursor: more } = await this.page(null);
        if (mine !== this.turn) return;
        const before = JSON.stringify(this.lines);
        const older = more ? this.lines.filter((one) => one.created_at < items.at(-1).created_at) : [];
        this.lines = [...items, ...older];
        if (JSON.stringify(this.lines) !== before) this.redraw();
      }
    } catch {
      // It is looked for again; what is shown may be a little old.
    }
    if (!this.gone.signal.aborted) this.watch();
  }

  redraw() {
    const at = [...this.place.querySelectorAll("a")].indexOf(document.activeElement);
    this.draw();
    if (at >= 0) this.place.querySelectorAll("a")[at]?.focus();
  }

  leave() {
    this.gone.abort();
    clearTimeout(this.timer);
  }
}

function row(one) {
  const about = [nameOf("kind", one.kind), when(one.created_at), one.project, one.customer_ref].filter(Boolean);
  return h("li", {}, h("a", { href: `#/briefs/${one.id}` },
    h("span", { class: "words" }, one.words?.trim() || nameOf("kind", one.kind)),
    h("span", { class: "hint" }, about.join(" · "))),
    statusBadge(one.status));
}
