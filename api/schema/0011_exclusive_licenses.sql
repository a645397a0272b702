-- Runs of notes that somebody has licensed for himself alone. Others may hold no license of music that
-- has one of them, also of music that they were offered before. Keys as in engine.licensed_runs.
create table api.exclusive_runs (
  key bigint not null,
  license text not null references api.licenses (id),
  account text not null references api.accounts (id),
  primary key (key, license)
);
