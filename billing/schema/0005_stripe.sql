-- What we know of Stripe's objects: mirrors that every handler brings up to date by asking Stripe
-- again, and the errands a gateway without a Stripe key leaves for the clerk.

alter table billing.customers add column name text;  -- as Stripe has been told it

-- How a postpaid account is invoiced; one without a row has the defaults.
create table billing.terms (
  account text primary key references billing.wallets (account),
  currency text not null default 'cny' check (currency ~ '^[a-z]{3}$'),
  collection text not null default 'send_invoice'
    check (collection in ('send_invoice', 'charge_automatically')),
  days_until_due int not null default 14 check (days_until_due between 0 and 365),
  grace_days int not null default 7 check (grace_days between 0 and 365),
  test_clock text                            -- Stripe's test mode only; the customer is made on it
);

create table billing.subscriptions (
  account text primary key references billing.wallets (account),
  id text not null unique,
  status text not null,
  price text not null,
  currency text not null,
  period_start timestamptz,
  period_end timestamptz,
  test_clock text,
  clock_at timestamptz,                      -- the test clock's time, where there is one
  version bigint not null default 0,         -- so that an older answer never overwrites a newer one
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index subscriptions_by_clock on billing.subscriptions (test_clock) where test_clock is not null;

create table billing.invoices (
  id text primary key,
  account text not null references billing.wallets (account),
  subscription text,
  status text not null check (status in ('draft', 'open', 'paid', 'uncollectible', 'void')),
  number text,
  currency text not null,
  total_minor bigint not null,
  paid_minor bigint not null default 0,
  credited_minor bigint not null default 0,  -- by credit notes
  period_start timestamptz not null,
  period_end timestamptz not null,
  tokens bigint not null,
  hosted_url text,
  pdf_url text,
  lines jsonb not null default '[]',
  due_at timestamptz,
  failed_at timestamptz,                     -- the first payment that failed, by Stripe's clock
  grace_until timestamptz,                   -- unpaid after this, the account is frozen
  noticed_at timestamptz,                    -- the client was told that it is late
  frozen_at timestamptz,
  settled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);
create index invoices_by_account on billing.invoices (account, created_at desc, id desc);
create index invoices_late on billing.invoices (due_at)
  where status in ('open', 'uncollectible') and noticed_at is null;
create index invoices_in_grace on billing.invoices (grace_until)
  where status in ('open', 'uncollectible') and grace_until is not null and frozen_at is null;

-- A paid top-up: what came in, and how much of it has gone back.
create table billing.payments (
  payment_intent text primary key,
  account text not null references billing.wallets (account),
  topup text not null,
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  tokens bigint not null check (tokens > 0),
  refunded_minor bigint not null default 0,
  taken_tokens bigint not null default 0,    -- clawed back for refunds and disputes
  disputed boolean not null default false,
  created_at timestamptz not null default now(),
  check (refunded_minor between 0 and amount_minor),
  check (taken_tokens between 0 and tokens)
);
create index payments_by_account on billing.payments (account, created_at desc);

create table billing.refunds (
  id text primary key,
  payment_intent text not null references billing.payments,
  amount_minor bigint not null check (amount_minor > 0),
  tokens bigint not null check (tokens >= 0),
  status text not null,
  returned boolean not null default false,   -- it failed at the bank, and the tokens came back
  created_at timestamptz not null default now()
);

create table billing.disputes (
  id text primary key,
  account text not null references billing.wallets (account),
  payment_intent text not null,
  status text not null,
  reason text not null,
  amount_minor bigint not null,
  currency text not null,
  tokens bigint not null default 0,          -- clawed back while it lasts
  due_by timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);
create index disputes_by_account on billing.disputes (account, created_at desc);

create table billing.errands (
  id text primary key,
  account text not null references billing.wallets (account),
  kind text not null check (kind in ('portal', 'preview', 'refund', 'credit_note')),
  asked jsonb not null default '{}',
  state text not null default 'asked' check (state in ('asked', 'done', 'failed')),
  answer jsonb,
  detail text,
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index errands_due on billing.errands (next_at) where state = 'asked';
create index errands_by_account on billing.errands (account, kind, created_at desc);
