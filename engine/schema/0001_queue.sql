-- The studio's schema: jobs it may claim and deliveries it hands back. It knows no money.
create schema if not exists engine;

create table engine.jobs (
  id text primary key,                       -- the brief's id
  account text not null,
  resolved jsonb not null,                   -- engine.contracts.Resolved
  seed bigint not null,                      -- the working seed, derived from account and seed
  lane text not null default 'interactive' check (lane in ('interactive', 'batch')),
  state text not null default 'queued' check (state in ('queued', 'leased', 'done', 'failed', 'canceled')),
  attempt int not null default 0,
  max_attempts int not null default 3 check (attempt <= max_attempts),
  expected_s double precision not null default 0,
  run_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  deadline_at timestamptz not null,
  lease_until timestamptz,
  worker text,
  cancel_asked boolean not null default false,
  progress jsonb not null default '{}',
  finished_at timestamptz,
  check ((state = 'leased') = (worker is not null and lease_until is not null)),
  check ((state in ('done', 'failed', 'canceled')) = (finished_at is not null))
);
create index jobs_waiting on engine.jobs (lane, run_at, id) where state = 'queued';
create index jobs_leased on engine.jobs (lease_until) where state = 'leased';

create table engine.deliveries (
  id bigint generated always as identity primary key,
  job text not null references engine.jobs (id),
  number int not null,                       -- 1 … n a candidate; 0 the end of the job
  attempt int not null,
  body jsonb not null,                       -- engine.queue.contracts.Delivered | Ended
  created_at timestamptz not null default now(),
  settled_at timestamptz,                    -- written by the clerk, with the money
  unique (job, number)
);
create index deliveries_unsettled on engine.deliveries (id) where settled_at is null;
