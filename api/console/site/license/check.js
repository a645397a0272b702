// Checking a license here, in the browser: its signature by the published keys, a file by its digest.

import { call } from "../door.js";
import { h, replace } from "../elements.js";
import { say } from "../words.js";
import "./words.js";

/** What a certificate says; nothing is checked. */
export function contents(certificate) {
  return JSON.parse(new TextDecoder().decode(bytes(certificate.payload)));
}

/** `{holds, kid, why}` of a document as it was issued; `holds` is null where the browser cannot
 * say. The document holds only byte for byte: what is read is written again and compared. */
export async function verify(document, keys) {
  let outer;
  try {
    outer = JSON.parse(document);
    const { payload, protected: head, signature } = outer;
    if (JSON.stringify({ payload, protected: head, signature }) !== document) throw new Error("changed");
    const { kid, alg } = JSON.parse(new TextDecoder().decode(bytes(head)));
    const key = keys.find((one) => one.kid === kid);
    if (key === undefined || alg !== "EdDSA") return { holds: false, kid, why: say("license.check.no_key", { kid }) };
    const signed = new TextEncoder().encode(`${head}.${payload}`);
    return await signature_of(key, bytes(signature), signed, kid);
  } catch {
    return { holds: false, kid: null, why: say("license.check.changed") };
  }
}

async function signature_of(key, signature, signed, kid) {
  let imported;
  try {
    const { kty, crv, x } = key;
    imported = await crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return { holds: null, kid, why: say("license.check.cannot") };
  }
  const holds = await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, signed);
  return { holds, kid, why: holds ? "" : say("license.check.changed") };
}

/** base64url to bytes; throws for anything but its one way of writing. */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const again = btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  if (again !== text) throw new Error("not written as it was issued");
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

/** The panel: the signature is checked at once, a file when it is given. */
export function panel(license, certificate) {
  const state = h("p", { class: "badge wordy", role: "status" }, say("license.check.going"));
  const given = h("input", { type: "file", on: { change: () => compare(given.files[0], certificate, found) } });
  const found = h("p", { class: "wordy", role: "status" });
  judge(license, state);
  const asked = h("label", { class: "stack" }, h("span", {}, h("strong", {}, say("license.check.file")),
    h("span", { class: "hint" }, ` ${say("license.check.file.hint")}`)), given);
  return h("div", { class: "stack" }, h("h3", {}, say("license.check")), state, asked, found);
}

async function judge(license, state) {
  try {
    const [answer, set] = await Promise.all([
      call("GET", `/v1/licenses/${license.id}/certificate`, { accept: "*/*", whole: true }),
      call("GET", "/.well-known/jwks.json"),
    ]);
    const { holds, kid, why } = await verify(await answer.text(), set.keys);
    state.classList.add(holds === null ? "warn" : holds ? "good" : "bad");
    const said = holds ? say("license.check.holds", { kid }) : say("license.check.broken", { why });
    replace(state, h("strong", {}, say("license.check.signature")), " ", holds === null ? why : said);
  } catch (error) {
    state.classList.add("warn");
    replace(state, String(error.message));
  }
}

async function compare(file, certificate, found) {
  if (file === undefined) return;
  found.className = "badge wordy";
  replace(found, say("license.check.going"));
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  const hex = Array.from(new Uint8Array(digest), (one) => one.toString(16).padStart(2, "0")).join("");
  const which = names(certificate).get(hex);
  found.classList.add(which ? "good" : "bad");
  replace(found, which ? say("license.check.same", { name: file.name, which })
    : say("license.check.other", { name: file.name }));
}

/** Digest → name of every file that a certificate is for. */
function names(certificate) {
  const { audio, files = {} } = certificate;
  const all = { ...(audio.files ?? { master: audio }), ...files };
  return new Map(Object.entries(all).map(([name, one]) => [one.sha256, name]));
}
