-- Plans: a lane of its own. Such a job holds no tokens and belongs to no brief; what it delivers
-- can be read at once, because there is no money to wait for.
alter table engine.jobs drop constraint jobs_lane_check;
alter table engine.jobs add constraint jobs_lane_check check (lane in ('plan', 'interactive', 'batch'));
alter table engine.jobs add column wants text not null default 'candidates' check (wants in ('candidates', 'plans'));
alter table engine.jobs add constraint jobs_plans_have_their_lane check ((wants = 'plans') = (lane = 'plan'));
create index jobs_plans_open on engine.jobs (account) where wants = 'plans' and finished_at is null;

-- A delivery that could not be settled is tried again later and later.
alter table engine.deliveries add column tries int not null default 0;
alter table engine.deliveries add column due_at timestamptz not null default now();
