-- What lies in the store. A studio announces an object here before it puts it there, so that what is
-- on its way into a delivery is never cleared away. Who refers to an object is told by the deliveries
-- and the candidates themselves, never by this table.
create table engine.objects (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  bytes bigint not null check (bytes >= 0),
  touched_at timestamptz not null default now(),   -- last announced, or found in the store
  due_at timestamptz not null,                     -- when to look whether anybody still refers to it
  condemned_at timestamptz,                        -- since when nobody does
  deleting_at timestamptz                          -- since when it is being taken out of the store
);
create index objects_by_due on engine.objects (due_at);
create index objects_condemned on engine.objects (condemned_at) where condemned_at is not null;

-- Every digest that a row names, wherever it stands in it: a file of a shape that is still to be
-- invented counts as well.
create index deliveries_by_object on engine.deliveries
  using gin (jsonb_path_query_array(body, '$.**.sha256') jsonb_path_ops)
  where settled_at is null or number = 0;
