-- What clients are told. Messages are written by triggers of the rows that mean them, so they are there if
-- and only if what they tell of is; the clerk sends them.
create table api.webhook_endpoints (
  id text primary key,
  account text not null references api.accounts (id),
  url text not null,
  types text[] not null default '{}',        -- which messages it wants; none named: all
  description text not null default '',
  secret bytea not null,                     -- sealed by api.webhooks.sealing, like the one before it
  old_secret bytea,
  old_secret_until timestamptz,
  failures int not null default 0,           -- since the last message that arrived
  failing_since timestamptz,
  paused_until timestamptz,
  disabled_at timestamptz,
  disabled_why text check (disabled_why in ('asked', 'gone', 'failing')),
  created_at timestamptz not null default now(),
  check ((disabled_at is null) = (disabled_why is null)),
  check ((old_secret is null) = (old_secret_until is null)),
  check ((failures = 0) = (failing_since is null))
);
create index webhook_endpoints_by_account on api.webhook_endpoints (account, created_at desc, id desc);

create table api.messages (
  id text primary key default 'evt_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 24),
  position bigint generated always as identity unique,
  account text not null,
  type text not null,
  subject text not null,                     -- the brief, the rendition …: told in order
  facts jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);
create index messages_by_account on api.messages (account, position desc);

-- One message on its way to one endpoint.
create table api.sendings (
  message text not null references api.messages (id) on delete cascade,
  endpoint text not null references api.webhook_endpoints (id) on delete cascade,
  subject text not null,
  position bigint not null,
  state text not null default 'waiting'
    check (state in ('waiting', 'delivered', 'given_up', 'dropped')),
  tries int not null default 0,
  tried_at timestamptz,
  next_at timestamptz,
  status int,                                -- of the last answer, where there was one
  answer text,                               -- how it began
  error text,                                -- why there was none, or why it did not count
  primary key (message, endpoint)
);
create index sendings_waiting on api.sendings (endpoint, subject, position) where state = 'waiting';
create index sendings_by_endpoint on api.sendings (endpoint);

-- What waits for one endpoint about one subject; the first of it is sent, then the next. This row is what
-- a clerk leases, and what a writer locks before it takes a position, so that positions are in order.
create table api.threads (
  endpoint text not null references api.webhook_endpoints (id) on delete cascade,
  subject text not null,
  due_at timestamptz not null default now(),
  worker text,
  lease_until timestamptz,
  primary key (endpoint, subject),
  check ((worker is null) = (lease_until is null))
) with (fillfactor = 70);
create index threads_due on api.threads (endpoint, due_at);
create index threads_leased on api.threads (lease_until) where lease_until is not null;

create function api.send_to(p_message text, p_endpoints text[])
returns void language sql as $$
  insert into api.sendings (message, endpoint, subject, position)
  select messages.id, one, messages.subject, messages.position
  from api.messages, unnest(p_endpoints) as one
  where messages.id = p_message
  on conflict (message, endpoint) do update
  set state = 'waiting', tries = 0, next_at = null;
  select pg_notify('api_messages', '') where cardinality(p_endpoints) > 0
$$;

create function api.hold_threads(p_subject text, p_endpoints text[])
returns void language sql as $$
  insert into api.threads (endpoint, subject)
  select one, p_subject from unnest(p_endpoints) as one order by one
  on conflict (endpoint, subject) do update set due_at = threads.due_at
$$;

create function api.tell_endpoints(
  p_account text, p_type text, p_subject text, p_facts jsonb, p_endpoints text[])
returns text language plpgsql as $$
declare message text;
begin
  perform api.hold_threads(p_subject, p_endpoints);
  insert into api.messages (account, type, subject, facts)
  values (p_account, p_type, p_subject, p_facts) returning id into message;
  perform api.send_to(message, p_endpoints);
  return message;
end
$$;

-- Tell an account something, in the transaction that makes it true.
create function api.tell(p_account text, p_type text, p_subject text, p_facts jsonb)
returns text language sql as $$
  select api.tell_endpoints(p_account, p_type, p_subject, p_facts, (
    select coalesce(array_agg(id order by id), '{}') from api.webhook_endpoints
    where account = p_account and disabled_at is null and (types = '{}' or p_type = any (types))))
$$;

create function api.noun_of(p_id text) returns text immutable language sql as $$
  select case when p_id like 'fam\_%' then 'family' else 'brief' end
$$;

create function api.tell_of_candidate() returns trigger language plpgsql as $$
declare said jsonb := jsonb_build_object(
  api.noun_of(new.brief), new.brief, 'candidate', new.id, 'number', new.number,
  'rating', new.made -> 'rating', 'tokens', new.tokens,
  'expires_at', to_char(new.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
begin
  perform engine.tell(new.brief, 'candidate.ready', said, true);
  perform api.tell(new.account, 'candidate.ready', new.brief, said);
  return null;
end
$$;
create trigger tell after insert on api.candidates
  for each row execute function api.tell_of_candidate();

create function api.tell_of_brief() returns trigger language plpgsql as $$
declare said jsonb := jsonb_build_object(
  api.noun_of(new.id), new.id, 'status', new.outcome,
  'candidates', (select count(*) from api.candidates where brief = new.id),
  'retracted_takes', jsonb_array_length(new.retracted_takes), 'failure', new.failure -> 'code');
begin
  perform engine.tell(new.id, api.noun_of(new.id) || '.ended', said, true);
  perform api.tell(new.account, api.noun_of(new.id) || '.' || new.outcome, new.id, said);
  return null;
end
$$;
create trigger tell after update of outcome on api.briefs
  for each row when (old.outcome is null and new.outcome is not null)
  execute function api.tell_of_brief();

create function api.tell_of_license() returns trigger language plpgsql as $$
declare about text := (select brief from api.candidates where id = new.candidate);
begin
  perform api.tell(new.account, 'license.created', about, jsonb_build_object(
    'license', new.id, 'track', new.track, 'candidate', new.candidate, api.noun_of(about), about,
    'tokens', new.tokens));
  return null;
end
$$;
create trigger tell after insert on api.licenses
  for each row execute function api.tell_of_license();

create function api.tell_of_topup() returns trigger language plpgsql as $$
begin
  perform api.tell(new.account, 'topup.paid', new.id, jsonb_build_object(
    'topup', new.id, 'tokens', new.tokens, 'amount_minor', new.amount_minor,
    'currency', new.currency));
  return null;
end
$$;
create trigger tell after update of state on api.topups
  for each row when (old.state <> 'paid' and new.state = 'paid')
  execute function api.tell_of_topup();

-- The till and the studio have never heard of the door, and write their rows as they always did. The
-- studio may not read the door's tables, so what tells of its last word runs as their owner.
create function api.tell_of_notice() returns trigger language plpgsql as $$
begin
  perform api.tell(
    new.account,
    case new.kind when 'webhook_endpoint_disabled' then 'webhook_endpoint.disabled'
      else 'notice.' || new.kind end,
    new.account,
    jsonb_build_object('notice', new.id, 'subject', new.subject, 'period', new.period,
      'facts', new.facts));
  return null;
end
$$;
create trigger tell after insert on billing.notices
  for each row execute function api.tell_of_notice();

create function api.tell_of_rendition() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare made api.renditions;
begin
  select * into made from api.renditions where id = new.job;
  if found then
    perform api.tell(
      made.account,
      case new.body ->> 'type' when 'rendition' then 'rendition.succeeded'
        else 'rendition.failed' end,
      made.id,
      jsonb_build_object('rendition', made.id, 'track', made.track,
        'failure', new.body -> 'failure' -> 'code'));
  end if;
  return null;
end
$$;
create trigger tell after insert on engine.deliveries
  for each row when (new.number = 0 and new.job like 'rnd\_%')
  execute function api.tell_of_rendition();
