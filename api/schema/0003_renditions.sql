-- Other shapes of licensed tracks; the job that makes one is engine.jobs under the same id, and what it
-- made is its last delivery. The same order for the same track is the same rendition.
create table api.renditions (
  id text primary key,
  account text not null references api.accounts (id),
  track text not null references api.licenses (track),
  fingerprint text not null,                 -- of what the order says
  ordered jsonb not null,                    -- engine.contracts.RenditionOrder
  created_at timestamptz not null,
  replaced boolean not null default false    -- it failed and was ordered anew
);
create unique index renditions_once on api.renditions (track, fingerprint) where not replaced;
create index renditions_by_track on api.renditions (track, created_at desc, id desc);

-- A family of cabin sounds is taken in, paid for and picked as a brief is; its request and what it was
-- resolved to are engine.contracts.FamilyBrief and ResolvedFamily, what is made of it FamilyMade.
alter table api.briefs add column what text not null default 'music' check (what in ('music', 'family'));
create index briefs_by_what on api.briefs (account, what, created_at desc, id desc);
