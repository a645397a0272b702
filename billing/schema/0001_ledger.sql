-- The till's schema. A transfer names a debit and a credit account and a positive amount, so it is
-- balanced by construction; transfers are never changed. The wallet is a locked projection of them.
create schema if not exists billing;

create table billing.wallets (
  account text primary key,
  mode text not null check (mode in ('prepaid', 'postpaid')),
  posted bigint not null default 0,
  held bigint not null default 0 check (held >= 0),
  credit_limit bigint not null default 0 check (credit_limit >= 0),
  frozen boolean not null default false,
  created_at timestamptz not null default now(),
  check (posted - held >= -credit_limit),
  check (mode = 'postpaid' or credit_limit = 0)
) with (fillfactor = 50);

create table billing.transfers (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('topup', 'grant', 'capture', 'refund', 'expiry')),
  ref text not null,
  account text not null references billing.wallets (account),
  debit text not null,
  credit text not null,
  tokens bigint not null check (tokens > 0),
  created_at timestamptz not null default now(),
  unique (kind, ref),
  check (debit <> credit)
);
create index transfers_by_account on billing.transfers (account, id);

create function billing.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only: correct a mistake with a new transfer';
end
$$;
create trigger transfers_are_final before update or delete on billing.transfers
  for each row execute function billing.refuse_change();
create trigger transfers_are_kept before truncate on billing.transfers
  for each statement execute function billing.refuse_change();

create table billing.holds (
  id text primary key,
  account text not null references billing.wallets (account),
  brief text not null unique,
  quoted bigint not null check (quoted >= 0),
  captured bigint not null default 0 check (captured >= 0),
  released bigint not null default 0 check (released >= 0),
  state text not null default 'open' check (state in ('open', 'closed', 'expired')),
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  check (captured + released <= quoted),
  check (state = 'open' or captured + released = quoted)
);
create index holds_open on billing.holds (expires_at) where state = 'open';
create index holds_by_account on billing.holds (account) where state = 'open';

create table billing.captures (
  id text primary key,                       -- also the meter event's identifier
  account text not null references billing.wallets (account),
  hold text references billing.holds (id),   -- a license takes its tokens at once
  sku text not null check (sku in ('audition', 'license')),
  reference text not null,                   -- the candidate
  tokens bigint not null check (tokens > 0),
  transfer bigint not null unique references billing.transfers (id),
  created_at timestamptz not null default now(),
  unique (sku, reference)
);
create index captures_by_account on billing.captures (account, created_at);

create table billing.outbox (
  identifier text primary key references billing.captures (id),
  account text not null references billing.wallets (account),
  event_name text not null,
  tokens bigint not null,
  occurred_at timestamptz not null default now(),
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  first_sent_at timestamptz,
  done_at timestamptz,
  lane text not null default 'send' check (lane in ('send', 'reconcile', 'dead')),
  detail text
);
create index outbox_due on billing.outbox (next_at) where done_at is null and lane = 'send';

create table billing.stripe_inbox (
  event_id text primary key,
  type text not null,
  body bytea not null,
  received_at timestamptz not null default now(),
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  done_at timestamptz,
  detail text
);
create index inbox_due on billing.stripe_inbox (next_at) where done_at is null;

create table billing.customers (
  account text primary key references billing.wallets (account),
  stripe_customer text not null unique,
  created_at timestamptz not null default now()
);

-- One row: the Stripe mode this ledger belongs to, and what was set up there.
create table billing.settings (
  only_row boolean primary key default true check (only_row),
  stripe_mode text not null check (stripe_mode in ('sandbox', 'live')),
  bound_at timestamptz not null default now()
);
