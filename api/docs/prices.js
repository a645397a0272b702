/** What a brief costs by a price book; the same as `billing.prices.service`, in whole tokens. */
export function quote(book, asked) {
  const family = asked.kind === "family";
  const own = book.kinds[family ? "family_sound" : asked.kind];
  const rate = own ?? {
    seconds_per_token: book.seconds_per_token,
    license_times: book.license_times,
    least: family ? book.family_sound_tokens_min : 1,
  };
  const begun = Math.ceil(asked.duration_ms / (1000 * rate.seconds_per_token));
  let audition = Math.max(rate.least, begun);
  audition *= family ? asked.sounds : book.quality_times[asked.quality];
  let license = audition * rate.license_times;
  if (asked.lane === "batch" && !family) {
    const [part, whole] = book.batch_share;
    audition = Math.max(1, Math.ceil((audition * part) / whole));
    license = Math.ceil((license * part) / whole);
  }
  return { audition, license };
}

/** The fewest minor units for which packs bring at least so many tokens. */
export function packs(book, tokens, currency) {
  const sold = book.packs.filter((one) => one.currency === currency)
    .sort((one, other) => other.tokens - one.tokens);
  return cheapest(sold, tokens);
}

function cheapest(sold, tokens) {
  if (tokens <= 0) return 0;
  const [largest, ...smaller] = sold;
  const enough = Math.ceil(tokens / largest.tokens) * largest.amount_minor;
  if (!smaller.length) return enough;
  const whole = Math.floor(tokens / largest.tokens);
  const rest = cheapest(smaller, tokens - whole * largest.tokens);
  return Math.min(enough, whole * largest.amount_minor + rest);
}

/** What a month's tokens cost on an invoice, in minor units: every tier rounded by itself. */
export function invoice(book, tokens, currency) {
  let below = 0, sum = 0;
  for (const tier of book.tiers) {
    const end = tier.up_to === null ? tokens : Math.min(tokens, tier.up_to);
    if (end <= below) break;
    sum += rounded(BigInt(end - below), tier.rate[currency], book.digits[currency]);
    below = end;
  }
  return sum;
}

/** Tokens times a rate written in major units, half a minor unit rounded up. */
function rounded(tokens, rate, digits) {
  const [whole, decimals = ""] = rate.split(".");
  const exact = tokens * BigInt(whole + decimals) * 10n ** BigInt(digits);
  const unit = 10n ** BigInt(decimals.length);
  return Number((2n * exact + unit) / (2n * unit));
}

/** Tokens and money of a number of briefs, some of whose candidates are licensed. */
export function sum(book, asked) {
  const one = quote(book, asked);
  const auditions = asked.briefs * asked.candidates * one.audition;
  const licenses = asked.briefs * asked.picks * one.license;
  const tokens = auditions + licenses;
  return {
    ...one, auditions, licenses, tokens,
    packs: packs(book, tokens, asked.currency),
    invoice: book.tiers.length ? invoice(book, tokens, asked.currency) : null,
  };
}

function money(minor, currency, digits) {
  const style = { style: "currency", currency, maximumFractionDigits: digits };
  return new Intl.NumberFormat("en", style).format(minor / 10 ** digits);
}

function whole(form, name, least) {
  const field = form.elements[name];
  const value = Math.round(Number(field.value));
  const right = Number.isFinite(value) && value >= least && value <= Number(field.max);
  field.setAttribute("aria-invalid", String(!right));
  return right ? value : null;
}

function asked(form) {
  const numbers = {};
  for (const [name, least] of [["candidates", 1], ["briefs", 1], ["picks", 0], ["sounds", 1]]) {
    numbers[name] = whole(form, name, least);
  }
  const field = form.elements.seconds;
  const seconds = Number(field.value);
  const right = seconds > 0 && seconds <= Number(field.max);
  field.setAttribute("aria-invalid", String(!right));
  const words = Object.fromEntries(
    ["kind", "lane", "quality", "currency"].map((name) => [name, form.elements[name].value]),
  );
  const read = { ...words, ...numbers, duration_ms: right ? Math.round(seconds * 1000) : null };
  return Object.values(read).includes(null) ? null : read;
}

function calculate(form, out) {
  const book = JSON.parse(form.dataset.book);
  const family = form.elements.kind.value === "family";
  form.elements.sounds.closest("label").hidden = !family;
  for (const name of ["lane", "quality"]) form.elements[name].closest("label").hidden = family;
  const read = asked(form);
  const say = (name, text) => { out.querySelector(`[data-say=${name}]`).textContent = text; };
  if (read === null) {
    say("tokens", "–");
    for (const name of ["each", "packs", "invoice"]) say(name, "");
    return;
  }
  const told = sum(book, read), digits = book.digits[read.currency];
  const count = (n) => n.toLocaleString("en");
  say("tokens", `${count(told.tokens)} tokens`);
  say("each", `${count(told.audition)} to audition a candidate, ${count(told.license)} to license ` +
    `one; ${count(told.auditions)} for all auditions, ${count(told.licenses)} for all licenses.`);
  say("packs", `In packs: ${money(told.packs, read.currency, digits)}.`);
  say("invoice", told.invoice === null ? ""
    : `On a month’s invoice: ${money(told.invoice, read.currency, digits)}.`);
}

const form = globalThis.document?.querySelector("form[data-book]");
if (form) {
  const out = document.querySelector("output");
  form.addEventListener("input", () => calculate(form, out));
  calculate(form, out);
}
