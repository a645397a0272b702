-- What is told of a job while it is made, to those who listen: a few dozen rows a job, kept for days.
-- A number counts within a job and is given under the lock of the job's row in engine.streams, so whoever
-- has seen number n will never find n - 1 appear behind it.
create table engine.streams (
  job text primary key,
  told int not null,
  begun_at timestamptz not null default now()
) with (fillfactor = 70);
create index streams_by_age on engine.streams (begun_at);

create table engine.events (
  job text not null,
  number int not null,
  kind text not null,
  facts jsonb not null,
  told_at timestamptz not null default clock_timestamp(),
  primary key (job, number)
);

-- Tell something of a job, in the transaction that makes it true. What would go beyond the bound is not
-- told, unless it must be; then the answer is null.
create function engine.tell(p_job text, p_kind text, p_facts jsonb, p_must boolean default false)
returns int language plpgsql as $$
declare number_ int;
begin
  insert into engine.streams as streams (job, told) values (p_job, 1)
  on conflict (job) do update set told = streams.told + 1 where streams.told < 500 or p_must
  returning streams.told into number_;
  if number_ is not null then
    insert into engine.events (job, number, kind, facts) values (p_job, number_, p_kind, p_facts);
    perform pg_notify('engine_events', p_job);
  end if;
  return number_;
end
$$;

-- A studio has taken a brief or a family, or has given it up and it waits again.
create function engine.tell_of_job() returns trigger language plpgsql as $$
declare noun text := case when new.wants = 'families' then 'family' else 'brief' end;
begin
  perform engine.tell(
    new.id, noun || case when new.state = 'leased' then '.started' else '.requeued' end,
    jsonb_build_object('attempt', new.attempt, 'expected_s', new.expected_s));
  return null;
end
$$;
create trigger tell after update of state on engine.jobs
  for each row when (
    new.wants in ('candidates', 'families')
    and (old.state, new.state) in (('queued', 'leased'), ('leased', 'queued')))
  execute function engine.tell_of_job();
