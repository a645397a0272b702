// The account's licenses, newest first.

import { granted } from "../audition/pick.js";
import { call } from "../door.js";
import { h, problem, replace, table } from "../elements.js";
import { number, say, when } from "../words.js";
import "../audition/words.js";
import "./words.js";

/** The page `#/licenses`. */
export async function show(place) {
  const first = await call("GET", "/v1/licenses?limit=50");
  const all = [...first.items];
  const list = h("div", { class: "stack" });
  const draw = (cursor) => replace(list, rows(all), cursor ? more(cursor) : null);
  const more = (cursor) => {
    const button = h("button", { type: "button", on: { click: async () => {
      button.disabled = true;
      try {
        const next = await call("GET", `/v1/licenses?limit=50&cursor=${encodeURIComponent(cursor)}`);
        all.push(...next.items);
        draw(next.next_cursor);
      } catch (error) {
        list.append(problem(error));
        button.disabled = false;
      }
    } } }, say("license.list.more"));
    return button;
  };
  draw(first.next_cursor);
  replace(place, h("h1", {}, say("license.list")),
    all.length ? list : h("p", { class: "empty" }, say("license.list.none")));
}

function rows(licenses) {
  const heads = [say("license.list.when"), say("license.title"), say("license.list.rights"),
    { text: say("license.list.tokens"), class: "number" }];
  return table(heads, licenses.map((one) => [
    when(one.created_at),
    h("a", { href: `#/licenses/${one.id}` }, h("code", {}, one.id)),
    h("span", {}, granted(one.rights), " ", one.grants ? null
      : h("span", { class: "badge warn" }, say("license.grants_not"))),
    number(one.tokens),
  ]), say("license.list"));
}
