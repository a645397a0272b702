-- How often a job was given back without its attempt being counted: not for ever.
alter table engine.jobs add column returns int not null default 0;
