-- What was settled long ago is forgotten every hour: looked for by its day, not by reading every delivery
-- there is.
create index deliveries_by_settling on engine.deliveries (settled_at) where settled_at is not null;
