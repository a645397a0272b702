// Picking: what it costs is said before, and who came second hears what happened.

import { call } from "../door.js";
import { announce, dialog, h, problem, replace } from "../elements.js";
import { number, say, when } from "../words.js";

/** Ask whether this candidate shall be picked, and pick it. `others`: the brief's candidates.
 * `done(license, first)`: it is licensed, by this click or by an earlier one. */
export async function ask(candidate, { others, rights, done }) {
  const within = h("div", { class: "stack" }, h("p", { class: "hint", role: "status" }, "…"));
  const open = dialog(say("audition.confirm", { number: candidate.number }), within);
  try {
    // What this window knows may be old: somebody else may have picked meanwhile.
    const [fresh, wallet, ...beside] = await Promise.all([
      read(candidate.id), call("GET", "/v1/balance"),
      ...others.filter((one) => one.id !== candidate.id).map((one) => read(one.id)),
    ]);
    if (fresh.license) {
      replace(within, await second(fresh));
      done(fresh, false);
      return;
    }
    const taken = beside.filter((one) => one.license);
    replace(within, question(fresh, wallet.balance.available, taken, rights, async (button) => {
      button.disabled = true;
      replace(button, say("audition.confirm.picking"));
      await pick(fresh, within, done);
    }, () => open.close()));
    within.querySelector("button.primary:not([disabled])")?.focus();
  } catch (error) {
    replace(within, problem(error));
  }
}

function question(candidate, available, taken, rights, yes, no) {
  const tokens = candidate.license_tokens;
  const short = available < tokens;
  const buy = h("button", { type: "button", class: "primary", disabled: short, on: { click: () => yes(buy) } },
    say("audition.confirm.yes", { tokens }));
  return [
    h("p", { class: "cost" }, say("audition.confirm.cost", { tokens })),
    h("p", { class: short ? "wrong" : "hint" }, short ? say("audition.confirm.short", { available })
      : say("audition.confirm.left", { available, left: available - tokens })),
    taken.length ? h("p", { class: "badge warn wordy" }, say("audition.confirm.others",
      { numbers: taken.map((one) => number(one.number)).join(", ") })) : null,
    h("p", {}, h("strong", {}, say("audition.confirm.rights")), " ", granted(rights)),
    h("div", { class: "row" }, buy,
      h("button", { type: "button", on: { click: no } }, say("audition.confirm.no"))),
  ];
}

/** What a license grants, in words. */
export function granted(rights) {
  return [
    say(rights.catalog_resale ? "audition.resale" : "audition.no_resale"),
    say(rights.exclusive ? "audition.exclusive" : "audition.not_exclusive"),
    say("audition.territory", { territory: rights.territory }),
  ].join(" · ");
}

async function pick(candidate, within, done) {
  try {
    const answer = await call("POST", `/v1/candidates/${candidate.id}/pick`, { whole: true });
    const license = await answer.json();
    // 201 is who was first; 200 finds what another window, or a colleague, has just bought.
    const first = answer.status === 201;
    const said = first
      ? say("audition.picked", { number: candidate.number, tokens: license.tokens })
      : say("audition.picked.other", { number: candidate.number, at: when(license.created_at) });
    replace(within, outcome(said, license.id, first));
    within.querySelector("a")?.focus();
    announce(said);
    if (first) window.dispatchEvent(new Event("tokens"));
    done({ ...candidate, license: license.id, status: "picked" }, first);
  } catch (error) {
    replace(within, problem(error));
  }
}

/** What to say where it had been picked before anybody was asked. */
async function second(candidate) {
  const license = await call("GET", `/v1/licenses/${candidate.license}`);
  const said = say("audition.picked.other", { number: candidate.number, at: when(license.created_at) });
  announce(said);
  return outcome(said, license.id, false);
}

function outcome(said, license, first) {
  return [
    h("p", { class: first ? "badge good wordy" : "badge warn wordy" }, said),
    h("p", {}, h("a", { class: "button primary", href: `#/licenses/${license}` }, say("audition.license.open"))),
  ];
}

function read(id) {
  return call("GET", `/v1/candidates/${id}`);
}
