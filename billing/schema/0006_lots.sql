-- Which lots still have tokens, by account and by the day they go.
create index lots_left on billing.lots (account, expires_at, id) where taken < tokens;
create index lots_ending on billing.lots (expires_at) where taken < tokens;
