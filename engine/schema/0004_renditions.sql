-- Renditions of licensed tracks, and families of cabin sounds: lanes of their own. A rendition holds no
-- tokens, like plans; a family is paid for like a brief.
alter table engine.jobs drop constraint jobs_lane_check;
alter table engine.jobs add constraint jobs_lane_check
  check (lane in ('rendition', 'plan', 'interactive', 'batch'));
alter table engine.jobs drop constraint jobs_wants_check;
alter table engine.jobs add constraint jobs_wants_check
  check (wants in ('candidates', 'plans', 'renditions', 'families'));
alter table engine.jobs add column source jsonb;  -- engine.queue.contracts.Source: what is played again
alter table engine.jobs add constraint jobs_renditions_have_their_lane
  check ((wants = 'renditions') = (lane = 'rendition') and (wants = 'renditions') = (source is not null));
create index jobs_open on engine.jobs (account, wants) where finished_at is null;
drop index engine.jobs_plans_open;  -- the one above answers the same question for all lanes
