-- A catalogue run: up to ten thousand briefs that came in one upload, and end one by one.
create table api.batches (
  id text primary key,
  account text not null references api.accounts (id),
  api_key text not null references api.api_keys (id),
  name text,
  sha256 text not null,                      -- of the lines as they were read, unpacked
  again boolean not null,                    -- whether it was asked for although it was there before
  briefs int not null check (briefs > 0),
  last_line int not null,                    -- blank lines have numbers too
  created_at timestamptz not null,
  deadline_at timestamptz not null,          -- of its last brief
  cancel_asked_at timestamptz,
  finished_at timestamptz
);
create index batches_by_account on api.batches (account, created_at desc, id desc);
create index batches_open on api.batches (id) where finished_at is null;
-- The same lines are one run, however often they are sent, unless the run was stopped.
create unique index batches_once on api.batches (account, sha256)
  where not again and cancel_asked_at is null;

alter table api.briefs
  add column batch text references api.batches (id),
  add column batch_line int,                 -- the line it came in, from 1
  add column reference text,                 -- the client's own name for the line
  add check ((batch is null) = (batch_line is null));
create unique index briefs_of_batch on api.briefs (batch, batch_line) where batch is not null;
create index briefs_open_of_batch on api.briefs (batch) where batch is not null and outcome is null;

-- What came in a batch was let in as a whole, and drains by turns; it keeps nobody else out.
drop index api.briefs_open;
create index briefs_open on api.briefs (account, api_key) where outcome is null and batch is null;

create or replace function api.take_in(
  -- the request's name, and what it is answered
  p_account text, p_route text, p_key text, p_fingerprint text, p_status int, p_body bytea, p_location text,
  -- the hold
  p_hold text, p_brief text, p_tokens bigint, p_ttl interval, p_api_key text, p_project text,
  p_customer_ref text, p_kind text,
  -- the brief
  p_request jsonb, p_resolved jsonb, p_audition_tokens bigint, p_license_tokens bigint, p_price_book text,
  p_created_at timestamptz, p_deadline_at timestamptz,
  -- its job
  p_seed bigint, p_lane text, p_expected_s double precision, p_trace text, p_engine text,
  p_urgent interval,
  -- how much may be open; 0: any number
  p_most int, p_most_of_key int,
  out said text, out facts jsonb)
language plpgsql as $$
declare of_account bigint; of_key bigint;
begin
  -- As long as this transaction lasts: whoever sends the same request meanwhile is told to wait.
  if not pg_try_advisory_xact_lock(
      hashtextextended(p_account || ' ' || p_route || ' ' || p_key, 727002)) then
    said := 'running';
    return;
  end if;
  if exists (
      select from api.idempotency where account = p_account and route = p_route and key = p_key) then
    said := 'answered';
    return;
  end if;
  -- A cap that is set meanwhile waits for this hold, and counts it.
  perform pg_advisory_xact_lock_shared(hashtextextended('budgets ' || p_account, 727003));
  select held.said, held.facts into said, facts
  from billing.place_hold(p_hold, p_account, p_brief, p_tokens, p_ttl, p_api_key, p_project,
                          p_customer_ref, p_kind) as held;
  if said <> 'held' then
    return;
  end if;
  -- The hold has locked the account's wallet, so no other brief of it comes in between.
  if p_most > 0 or p_most_of_key > 0 then
    select count(*), count(*) filter (where api_key = p_api_key) into of_account, of_key
    from api.briefs where account = p_account and outcome is null and batch is null;
    if p_most > 0 and of_account >= p_most then
      raise exception 'too many of the account';
    elsif p_most_of_key > 0 and of_key >= p_most_of_key then
      raise exception 'too many of the key';
    end if;
  end if;
  insert into api.briefs
    (id, account, api_key, what, request, resolved, audition_tokens, license_tokens, hold, price_book,
     created_at, deadline_at)
  values
    (p_brief, p_account, p_api_key, 'music', p_request, p_resolved, p_audition_tokens,
     p_license_tokens, p_hold, p_price_book, p_created_at, p_deadline_at);
  insert into engine.jobs
    (id, account, resolved, seed, lane, expected_s, deadline_at, api_key, trace, engine, urgent_at)
  values
    (p_brief, p_account, p_resolved, p_seed, p_lane, p_expected_s, p_deadline_at, p_api_key, p_trace,
     p_engine,
     case when p_lane = 'batch' then
       p_deadline_at - greatest(p_urgent, make_interval(secs => 4 * p_expected_s)) end);
  insert into api.idempotency (account, route, key, fingerprint, status, body, location)
  values (p_account, p_route, p_key, p_fingerprint, p_status, p_body, p_location);
  said := 'taken';
end
$$;

-- Told once all of a batch has ended.
create function api.tell_of_batch() returns trigger language plpgsql as $$
declare counts jsonb := (
  select jsonb_object_agg(outcome, number) from (
    select outcome, count(*) as number from api.briefs where batch = new.id group by outcome) as ends);
begin
  perform api.tell(new.account, 'batch.ended', new.id,
    jsonb_build_object('batch', new.id, 'briefs', new.briefs, 'counts', counts));
  return null;
end
$$;
create trigger tell after update of finished_at on api.batches
  for each row when (old.finished_at is null and new.finished_at is not null)
  execute function api.tell_of_batch();
