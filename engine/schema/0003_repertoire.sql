-- What accounts have licensed, as hashes of runs of notes: no melody can be read from them and no row
-- says which piece or which brief it is from. A studio asks whether somebody else holds a run.
create table engine.holders (
  id bigint generated always as identity primary key,
  account text unique                        -- null when the account is gone; what it licensed stays
);

create table engine.licensed_runs (
  key bigint not null,                       -- engine.critique.originality
  holder bigint not null references engine.holders (id),
  primary key (key, holder)
);

-- The runs of candidates that may still be picked; the pick moves them over.
create table engine.offered_runs (
  candidate text primary key,
  keys bigint[] not null,
  offered_at timestamptz not null default now()
);
create index offered_runs_by_age on engine.offered_runs (offered_at);
