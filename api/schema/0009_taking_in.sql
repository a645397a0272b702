-- A brief is taken in with one question: its turn, its hold, its row, its job and its answer live or die
-- together, and nobody waits for a lock while a gateway thinks.
--
-- said: 'taken'; 'running' | 'answered' where the same request is or was carried out; or what
-- billing.place_hold says where it sets nothing aside. Of an account that has too much open already
-- nothing is kept: raises 'too many of the account' or 'too many of the key'.
create function api.take_in(
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
  select held.said, held.facts into said, facts
  from billing.place_hold(p_hold, p_account, p_brief, p_tokens, p_ttl, p_api_key, p_project,
                          p_customer_ref, p_kind) as held;
  if said <> 'held' then
    return;
  end if;
  -- The hold has locked the account's wallet, so no other brief of it comes in between.
  if p_most > 0 or p_most_of_key > 0 then
    select count(*), count(*) filter (where api_key = p_api_key) into of_account, of_key
    from api.briefs where account = p_account and outcome is null;
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
