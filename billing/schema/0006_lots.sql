-- An account's lots, and those that still have tokens by the day they go.
create index lots_by_account on billing.lots (account, expires_at, id);
create index lots_ending on billing.lots (expires_at) where taken < tokens;
