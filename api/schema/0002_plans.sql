-- Plans that were asked for, for a day; the job that makes them is engine.jobs under the same id.
create table api.plans (
  id text primary key,
  account text not null references api.accounts (id),
  seed bigint not null,                      -- the client's, not the working seed
  resolved jsonb not null,                   -- engine.contracts.Resolved
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index plans_by_expiry on api.plans (expires_at);
