// A brief's candidates, heard and compared: below its watch, or on a page of their own.

import { call } from "../door.js";
import { h, replace } from "../elements.js";
import { say } from "../words.js";
import { Board } from "./board.js";
import { Music } from "./music.js";
import "./words.js";

/** The page `#/briefs/{id}/audition`. */
export async function show(place, route) {
  const id = route.parts[1];
  const brief = await call("GET", `/v1/${id.startsWith("fam_") ? "families" : "briefs"}/${encodeURIComponent(id)}`);
  const below = h("div", {});
  replace(place, h("div", { class: "spread" }, h("h1", {}, say("audition.title")),
    h("a", { href: `#/briefs/${encodeURIComponent(id)}` }, say("audition.back"))), below);
  if (brief.candidates.length) return mount(below, brief);
  replace(below, h("p", { class: "empty" }, say("audition.none")));
  return undefined;
}

/** The candidates of a brief or a family in `place`. Answers how to leave; `leave.renew(brief)` when
 * there are more. */
export function mount(place, brief) {
  const desk = brief.resolved.functions ? new Board(place, brief) : new Music(place, brief);
  const leave = () => desk.close();
  leave.renew = (more) => desk.renew(more).catch((error) => desk.failed(error));
  leave.renew(brief);
  return leave;
}
