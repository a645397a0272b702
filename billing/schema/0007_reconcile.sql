-- What was compared with Stripe, what differed, and what was done about it.
create table billing.reconcile_runs (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('hourly', 'daily', 'by_hand', 'after_restore')),
  since timestamptz not null,
  until timestamptz not null,
  began_at timestamptz not null default now(),
  ended_at timestamptz,
  hours int not null default 0,
  differences int not null default 0
);

-- A difference is of one customer, meter and hour; ``tokens`` is what its one correcting event adds.
create table billing.reconcile_differences (
  id bigint generated always as identity primary key,
  run bigint not null references billing.reconcile_runs (id),
  account text not null,
  event_name text not null,
  hour timestamptz not null,
  number int not null,
  kind text not null check (kind in (
    'was_counted', 'sent_again', 'never_counted', 'missing', 'foreign', 'refused', 'invoice')),
  ledger bigint not null,
  counted bigint not null,
  tokens bigint not null default 0,
  state text not null check (state in ('settled', 'proposed', 'corrected', 'for_people')),
  identifier text unique,
  explained text not null,
  created_at timestamptz not null default now(),
  approved_at timestamptz,
  unique (account, event_name, hour, number),
  check ((state = 'corrected') = (identifier is not null))
);
create unique index reconcile_open on billing.reconcile_differences (account, event_name, hour, kind)
  where state in ('proposed', 'for_people');
create index reconcile_by_hour on billing.reconcile_differences (account, event_name, hour);
create index reconcile_by_run on billing.reconcile_differences (run);
