// What was told of a brief, as one value: each event makes a new one out of the one before.
// Nothing here draws; the page does.

/** Before anything was told. `takes` by number; `order` is the panel's ranking, best first. */
export const BEGINNING = {
  step: "queued", attempt: 0, startedAt: null, expectedS: null, takes: {}, order: [], candidates: [],
  ended: null,
};

const NEW_TAKE = {
  state: "planned", plan: null, bars: 0, of: 0, written: [], rating: null, passed: null, rewrites: [],
  reason: null, code: null, candidate: null, since: null, expectedS: null,
};

const TELLS = {
  queued: (story, facts) => ({ ...story, expectedS: facts.expected_s ?? story.expectedS }),
  // A studio that begins once more writes the same takes again: what was shown of them is void.
  started: (story, facts) => ({ ...story, takes: {}, order: [], step: "plan",
    attempt: facts.attempt ?? 1, startedAt: facts.at, expectedS: facts.expected_s ?? story.expectedS }),
  requeued: (story) => ({ ...story, takes: {}, order: [], step: "queued", startedAt: null }),
  progress: (story, { step }) => ({ ...story, step: step ?? story.step }),
  "plans.drawn": (story, { plans }) => withTakes(story, plans.map((plan) => [plan.take, {
    plan, of: plan.bars ?? 0, bars: 0, written: (plan.form ?? []).map(() => 0), state: "planned" }])),
  stage: (story, { stage, takes, expected_s: expectedS, at }) => withTakes({ ...story, step: stage },
    takes.map((take) => [take, { state: stage, since: at, expectedS }])),
  "bars.written": (story, { takes }) => withTakes(story,
    takes.map(({ take, bars, of, written }) => [take, { state: "composing", bars, of, written }])),
  "take.written": (story, { take, rating, passed, rewrites }) => withTakes(story, [[take, {
    state: "written", rating, passed: passed ?? null, rewrites: rewrites ?? [], ...whole(story.takes[take]) }]]),
  "take.retracted": (story, { take, reason, code }) => withTakes(story,
    [[take, { state: "retracted", reason, code: code ?? "" }]]),
  "takes.ranked": (story, { takes }) => ({ ...story, order: [...new Set([...story.order, ...takes])] }),
  "candidate.ready": (story, facts) => ready(story, facts),
  ended: (story, { status }) => ({ ...story, ended: status, step: "ended" }),
};

/** The story with one event more; what is not known changes nothing. */
export function told(story, { kind, facts }) {
  const tell = TELLS[kind] ?? TELLS[kind.replace(/^(brief|family)\./, "")];
  return tell ? tell(story, facts) : story;
}

function withTakes(story, changes) {
  const takes = { ...story.takes };
  for (const [take, change] of changes) takes[take] = { ...NEW_TAKE, ...takes[take], take, ...change };
  return { ...story, takes };
}

function whole(take) {
  const form = take?.plan?.form;
  if (!form) return {};
  return { written: form.map((section) => section.bars), bars: take.of };
}

/** Which take a candidate is. Stories from before that was said have only the panel's order and, of
 * takes that sound alike, the rating. */
function ready(story, { candidate, number, rating, take }) {
  const open = story.order.map((take) => story.takes[take])
    .filter((one) => one && one.candidate === null && one.state !== "retracted");
  const its = story.takes[take]
    ?? open.find((one) => one.rating === rating && one.state === "rendering")
    ?? open.find((one) => one.rating === rating) ?? open[0];
  const candidates = [...story.candidates, { candidate, number, rating }];
  const next = { ...story, candidates };
  return its ? withTakes(next, [[its.take, { state: "ready", candidate, number }]]) : next;
}

/** Takes as they are shown: ranked ones first, then those in work, retracted ones last. */
export function shown(story) {
  const rank = (one) => {
    if (one.state === "retracted") return 2000 + one.take;
    const at = story.order.indexOf(one.take);
    return at < 0 ? 1000 + one.take : at;
  };
  return Object.values(story.takes).sort((one, other) => rank(one) - rank(other));
}

/** Seconds that are left, by what the studio expects; negative where it takes longer. */
export function secondsLeft(story, now) {
  if (story.startedAt === null || story.expectedS === null) return null;
  const whole = story.expectedS - (now - Date.parse(story.startedAt)) / 1000;
  const rendering = Object.values(story.takes)
    .filter((one) => one.state === "rendering" && one.expectedS !== null)
    .map((one) => one.expectedS - (now - Date.parse(one.since)) / 1000);
  return Math.max(whole, ...rendering);
}
