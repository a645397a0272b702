-- Telling the meters: whoever holds a lane's lease sends for that customer and meter, alone; one pace
-- for all who send.
create table billing.meter_lanes (
  account text not null,
  event_name text not null,
  holder text,
  leased_until timestamptz not null default '-infinity',
  primary key (account, event_name)
);

-- Events a second that all senders together may send now; Stripe's "too many" halves it, what goes
-- well raises it again. ``next_at`` is when the next event may go.
create table billing.meter_pace (
  only_row boolean primary key default true check (only_row),
  per_s real not null check (per_s > 0),
  next_at timestamptz not null default now()
);

drop index billing.outbox_due;
create index outbox_due on billing.outbox (next_at, account, event_name)
  where done_at is null and lane = 'send';
create index outbox_lane on billing.outbox (account, event_name, occurred_at, identifier)
  where done_at is null and lane = 'send';
create index outbox_first_sent on billing.outbox (first_sent_at)
  where done_at is null and lane = 'send';
create index outbox_occurred on billing.outbox (occurred_at) where done_at is null and lane = 'send';
create index outbox_by_hour on billing.outbox (account, event_name, occurred_at);

-- Nobody sends before this row says so: it is taken away when a database was put back.
alter table billing.settings
  add column system_identifier text,
  add column timeline int,
  add column senders_stopped text;             -- why, in words; null while they may send
