-- Many briefs are taken in with one question, as api.take_in takes one in: what a statement costs before it
-- writes anything is paid once for all of them.

-- A brief on its way in: its request's name and answer, its hold, itself, its job.
create type api.entrant as (
  account text, route text, key text, fingerprint text, status int, body bytea, location text,
  hold text, tokens bigint, ttl interval, api_key text, project text, customer_ref text, kind text,
  id text, request jsonb, resolved jsonb, audition_tokens bigint, license_tokens bigint, price_book text,
  created_at timestamptz, deadline_at timestamptz,
  seed bigint, lane text, expected_s double precision, trace text, engine text
);

-- Those that are as usual are taken in, and their ids returned. The others are left alone: where somebody
-- has the wallet or the same request in hand, where it was answered already, where tokens or places do not
-- suffice for all that are here, where there are budgets. They go to api.take_in, one by one, which waits
-- or says why. Nobody waits here, so nobody keeps the others waiting. No two have the same name.
create function api.take_in_all(
  p_entrants api.entrant[], p_urgent interval, p_most int, p_most_of_key int)
returns setof text language plpgsql as $$
declare ours text[]; usual api.entrant[]; crowded text[] := '{}'; covered text[];
begin
  ours := billing.lock_free(array(select account from unnest(p_entrants)));
  usual := array(
    select one from unnest(p_entrants) as one
    where account = any (ours)
      and pg_try_advisory_xact_lock(hashtextextended(account || ' ' || route || ' ' || key, 727002))
      and pg_try_advisory_xact_lock_shared(hashtextextended('budgets ' || account, 727003)));
  -- The wallets are locked, so no other briefs of these accounts come in between.
  if p_most > 0 then
    crowded := array(
      select account from (
        select account from unnest(usual)
        union all select account from api.briefs where account = any (ours) and outcome is null
          and batch is null) as briefs
      group by account having count(*) > p_most);
  end if;
  if p_most_of_key > 0 then
    crowded := crowded || array(
      select api_key from (
        select api_key from unnest(usual)
        union all select api_key from api.briefs where account = any (ours) and outcome is null
          and batch is null) as briefs
      group by api_key having count(*) > p_most_of_key);
  end if;
  usual := array(
    select one from unnest(usual) as one
    where account <> all (crowded) and api_key <> all (crowded) and not exists (
      select from api.idempotency as answers
      where answers.account = one.account and answers.route = one.route
        and answers.key = one.key));
  covered := (
    select billing.hold_each(
      array_agg(hold), array_agg(account), array_agg(id), array_agg(tokens), array_agg(ttl),
      array_agg(api_key), array_agg(project), array_agg(customer_ref), array_agg(kind))
    from unnest(usual));
  usual := array(select one from unnest(usual) as one where account = any (covered));
  insert into api.briefs
    (id, account, api_key, what, request, resolved, audition_tokens, license_tokens, hold, price_book,
     created_at, deadline_at)
  select id, account, api_key, 'music', request, resolved, audition_tokens, license_tokens, hold,
    price_book, created_at, deadline_at
  from unnest(usual);
  insert into engine.jobs
    (id, account, resolved, seed, lane, expected_s, deadline_at, api_key, trace, engine, urgent_at)
  select id, account, resolved, seed, lane, expected_s, deadline_at, api_key, trace, engine,
    case when lane = 'batch' then
      deadline_at - greatest(p_urgent, make_interval(secs => 4 * expected_s)) end
  from unnest(usual);
  insert into api.idempotency (account, route, key, fingerprint, status, body, location)
  select account, route, key, fingerprint, status, body, location from unnest(usual);
  return query select id from unnest(usual);
end
$$;
