-- Whose turn it is: by account, then by key, at a cost that does not grow with anybody's queue.
alter table engine.jobs add column api_key text not null default '';  -- which of the account's keys asked
alter table engine.jobs add column trace text not null default '';    -- one name for a wish in every log
alter table engine.jobs add column engine text not null default '';   -- the only engine that may make it; '' = any
alter table engine.jobs add column urgent_at timestamptz;             -- from then on a batch job is interactive

-- Every key's waiting jobs lie together, oldest first: who waits is found by leaping from one to the next.
drop index engine.jobs_waiting;
create index jobs_waiting on engine.jobs (wants, lane, engine, account, api_key, run_at, id)
  where state = 'queued';
create index jobs_urgent on engine.jobs (urgent_at) where state = 'queued' and lane = 'batch';
create index jobs_too_late on engine.jobs (deadline_at) where state = 'queued';

-- Not by lease_until: then every heartbeat would be a new entry in every index. The leased are few.
drop index engine.jobs_leased;
create index jobs_leased on engine.jobs (wants, account, api_key) where state = 'leased';
drop index engine.jobs_open;
create index jobs_open on engine.jobs (account, wants, lane, state) include (expected_s, run_at)
  where finished_at is null;
alter table engine.jobs set (
  fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000
);

-- Studio seconds served, as a clock of each kind of work: of two who wait and have as much running, the one
-- whose time is earlier goes first. Who comes back after a pause starts at the clock's time, not before it.
create table engine.turns (
  wants text not null,
  account text not null,
  api_key text not null,                     -- '*' is the account as a whole
  begun_s double precision not null,         -- where its last job began
  ended_s double precision not null,         -- where its next one begins
  primary key (wants, account, api_key)
);
create index turns_clock on engine.turns (wants, begun_s) where api_key = '*';
create index turns_clock_of_account on engine.turns (wants, account, begun_s) where api_key <> '*';

-- What autoscalers read: jobs waiting or running, the studio seconds they are expected to take, and for
-- how long the oldest has waited.
create view engine.backlog as
select lanes.lane, count(jobs.id) as jobs, coalesce(sum(jobs.expected_s), 0) as seconds,
  coalesce(extract(epoch from now() - min(jobs.run_at) filter (where jobs.state = 'queued')), 0)::float8
    as oldest_s
from unnest(array['rendition', 'plan', 'interactive', 'batch']) as lanes (lane)
left join engine.jobs on jobs.lane = lanes.lane and jobs.finished_at is null
group by lanes.lane;
