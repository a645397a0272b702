// The address decides what is shown: `#/briefs/{id}` loads its page and lets it fill <main>.

import { key, visit } from "./door.js";
import { h, isUnreachable, problem, replace } from "./elements.js";
import { build, follow } from "./frame.js";
import { bring, say } from "./words.js";

bring({
  en: {
    "main.nowhere": "There is no such page",
    "main.nowhere.detail": "The address may have been cut off.",
    "main.back": "Back to the briefs",
    "main.failed": "This page cannot be shown",
  },
  zh: {
    "main.nowhere": "没有这个页面",
    "main.nowhere.detail": "地址可能不完整。",
    "main.back": "返回需求列表",
    "main.failed": "无法显示此页面",
  },
});

const ACCOUNT = ["usage", "statements", "budgets", "invoices", "keys", "webhooks"];
const place = document.getElementById("main");
let leave = null;
let turn = 0;

/** The module of a page; null where the address leads nowhere. */
function moduleOf([first, second, third]) {
  switch (first) {
    case undefined: return "./brief/list.js";
    case "new": return "./brief/write.js";
    case "key": return "./key.js";
    case "briefs":
      if (!second) return "./brief/list.js";
      return third === "audition" ? "./audition/page.js" : "./watch/page.js";
    case "licenses": return second ? "./license/page.js" : "./license/list.js";
    case "batches": return second ? "./account/batch.js" : "./account/batches.js";
    case "account": return ACCOUNT.includes(second ?? "usage") ? `./account/${second ?? "usage"}.js` : null;
    default: return null;
  }
}

/** `#/briefs/brf_1?at=3` → its parts and its query. */
function routeOf(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(plain), query: new URLSearchParams(query) };
}

function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function go({ first = false } = {}) {
  turn += 1;
  const mine = turn;
  leave?.();
  leave = null;
  if (document.querySelector("dialog[open]")) document.querySelector("dialog[open]").close();
  const route = routeOf(location.hash);
  const module = moduleOf(route.parts);
  // Fetched while the key is asked for; what goes wrong with it is said when it is needed.
  if (module !== null) import(module).catch(() => {});
  if (!(await admitted(route))) return;
  if (mine !== turn) return;
  follow(route.parts);
  // Each page has a place of its own: what one that was left writes late, nobody sees.
  const page = h("div", { class: "page" });
  replace(place, page);
  place.setAttribute("aria-busy", "true");
  try {
    if (module === null) nowhere(page);
    else await fill(page, module, route, mine);
  } catch (error) {
    replace(page, h("h1", {}, say("main.failed")), problem(error));
    if (error?.status === undefined && !isUnreachable(error)) console.error(error);
  }
  if (mine !== turn) return;
  place.removeAttribute("aria-busy");
  performance.mark("console.shown");
  const title = place.querySelector("h1")?.textContent;
  document.title = title ? `${title} · Cuesmith` : "Cuesmith";
  // Who reads with a screen reader is taken to the new page; the first time it begins by itself.
  if (!first && !place.contains(document.activeElement)) place.focus({ preventScroll: true });
  if (!first) scrollTo(0, 0);
}

async function fill(page, module, route, mine) {
  const { show } = await import(module);
  if (mine !== turn) return;
  const left = await show(page, route);
  if (typeof left !== "function") return;
  if (mine === turn) leave = left;
  else left();
}

/** Whether there is a key; asks for one where there is none. */
async function admitted(route) {
  if (key() !== null || route.parts[0] === "key") return true;
  if (await visit().catch(() => false)) return true;
  location.replace(`#/key?then=${encodeURIComponent(location.hash.slice(1))}`);
  return false;
}

function nowhere(page) {
  replace(page, h("h1", {}, say("main.nowhere")), h("p", {}, say("main.nowhere.detail")),
    h("p", {}, h("a", { href: "#/" }, say("main.back"))));
}

build(document.getElementById("frame"), { again: go });
window.addEventListener("hashchange", () => go());
go({ first: true });
