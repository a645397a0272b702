-- What one account pays where it does not pay what the dated books say. Two lists of an account never
-- hold for the same day; without one the dated book of the day holds.
create extension if not exists btree_gist;

create table billing.price_lists (
  account text not null references billing.wallets (account),
  name text not null,
  book jsonb not null,                       -- billing.prices.contracts.PriceBook
  since date not null,
  until date,                                -- the first day it no longer holds; null: until it is ended
  created_at timestamptz not null default now(),
  primary key (account, name),
  check (until is null or until > since),
  constraint price_lists_one_at_a_time
    exclude using gist (account with =, daterange(since, until) with &&)
);
