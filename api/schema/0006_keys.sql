-- A key may have several secrets while one takes over from another, and every gateway hears at once
-- when a key changes.
alter table api.api_keys
  add column rotated_at timestamptz,
  add column last_used_at timestamptz;       -- to the minute: gateways write it seldom

-- Secrets that a key had before its current one. Each opens the door until its time is over.
create table api.former_secrets (
  digest bytea primary key,                  -- as in api.api_keys
  key text not null references api.api_keys (id),
  ends_at timestamptz not null
);
create index former_secrets_by_key on api.former_secrets (key, ends_at desc);

-- Gateways remember for a second whom a key belongs to. This makes them forget at once.
create function api.tell_of_key() returns trigger language plpgsql as $$
begin
  perform pg_notify('api_keys', new.id);
  return null;
end $$;
create trigger key_changed
  after update of digest, scopes, expires_at, revoked_at on api.api_keys
  for each row execute function api.tell_of_key();
