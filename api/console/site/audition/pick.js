// Picking: what it costs is said before, and who came second hears what happened.

import { call } from "../door.js";
import { announce, dialog, field, h, problem, replace } from "../elements.js";
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
    const grant = terms(rights, fresh.exclusive_tokens !== null);
    replace(within, question(fresh, wallet.balance.available, taken, grant, async (button) => {
      button.disabled = true;
      grant.element.inert = true;
      replace(button, say("audition.confirm.picking"));
      await pick(fresh, grant.asked(), within, done);
    }, () => open.close()));
    within.querySelector("button.primary:not([disabled])")?.focus();
  } catch (error) {
    replace(within, problem(error));
  }
}

function question(candidate, available, taken, grant, yes, no) {
  const cost = h("p", { class: "cost", role: "status" });
  const left = h("p");
  const buy = h("button", { type: "button", class: "primary", on: { click: () => yes(buy) } });
  const priced = () => {
    const tokens = grant.exclusive() ? candidate.exclusive_tokens : candidate.license_tokens;
    const short = available < tokens;
    replace(cost, say("audition.confirm.cost", { tokens }));
    left.className = short ? "wrong" : "hint";
    replace(left, short ? say("audition.confirm.short", { available })
      : say("audition.confirm.left", { available, left: available - tokens }));
    buy.disabled = short;
    replace(buy, say("audition.confirm.yes", { tokens }));
  };
  grant.element.addEventListener("change", priced);
  priced();
  return [
    cost, left,
    taken.length ? h("p", { class: "badge warn wordy" }, say("audition.confirm.others",
      { numbers: taken.map((one) => number(one.number)).join(", ") })) : null,
    grant.element,
    h("div", { class: "row" }, buy,
      h("button", { type: "button", on: { click: no } }, say("audition.confirm.no"))),
  ];
}

/** What the license shall grant: as the brief said, unless it is changed here. `asked()` answers what
 * was changed, undefined for nothing. `sold`: whether exclusive licenses are. */
function terms(rights, sold) {
  const summary = h("span", {}, granted(rights));
  const now = () => {
    const said = { catalog_resale: resale.checked, exclusive: alone.checked, territory: territory.value.trim(),
      words: plain.checked ? "plain" : "hashed" };
    replace(summary, granted(said));
    return said;
  };
  const check = (on, label) => {
    const input = h("input", { type: "checkbox", checked: on, on: { change: now } });
    return [input, h("label", { class: "check" }, input, h("span", {}, say(label)))];
  };
  const [resale, resales] = check(rights.catalog_resale, "audition.resale");
  const [alone, alones] = check(rights.exclusive, "audition.exclusive");
  const [plain, plains] = check(false, "audition.confirm.plain");
  const territory = h("input", { value: rights.territory, on: { input: now } });
  const element = h("details", {}, h("summary", {}, h("span", {}, h("strong", {}, say("audition.confirm.rights")), " ", summary)),
    h("div", { class: "stack" }, resales, sold ? alones : null,
      field(say("audition.confirm.territory"), territory, say("audition.confirm.territory.hint")), plains));
  const asked = () => {
    const before = { ...rights, words: "hashed" };
    const changed = Object.entries(now()).filter(([name, value]) => value !== before[name]);
    return changed.length ? Object.fromEntries(changed) : undefined;
  };
  return { element, asked, exclusive: () => alone.checked };
}

/** What a license grants, in words. */
export function granted(rights) {
  return [
    say(rights.catalog_resale ? "audition.resale" : "audition.no_resale"),
    say(rights.exclusive ? "audition.exclusive" : "audition.not_exclusive"),
    rights.territory === "world" ? say("audition.world") : say("audition.territory", { territory: rights.territory }),
  ].join(" · ");
}

async function pick(candidate, body, within, done) {
  try {
    const answer = await call("POST", `/v1/candidates/${candidate.id}/pick`, { body, whole: true });
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
