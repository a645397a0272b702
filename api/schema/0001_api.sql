-- The door's schema: who calls, what they asked, what they may hear and what they own.
create schema if not exists api;

create table api.accounts (
  id text primary key,
  name text not null,
  mode text not null check (mode in ('test', 'live')),
  billing text not null check (billing in ('prepaid', 'postpaid')),
  created_at timestamptz not null default now()
);

create table api.api_keys (
  id text primary key,
  account text not null references api.accounts (id),
  name text not null,
  hint text not null,                        -- the first characters, to recognise it by
  digest bytea not null unique,              -- HMAC-SHA256(pepper, key); the key itself is never kept
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

create table api.quotes (
  id text primary key,
  account text not null references api.accounts (id),
  fingerprint text not null,                 -- of the brief's facts that decide the price
  audition_tokens bigint not null check (audition_tokens >= 0),
  license_tokens bigint not null check (license_tokens >= 0),
  price_book text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create table api.briefs (
  id text primary key,
  account text not null references api.accounts (id),
  api_key text not null references api.api_keys (id),
  request jsonb not null,                    -- engine.contracts.Brief as sent
  resolved jsonb not null,                   -- engine.contracts.Resolved
  audition_tokens bigint not null,           -- per candidate, at the quoted price
  license_tokens bigint not null,            -- per pick, at the quoted price
  hold text not null,
  price_book text not null,
  created_at timestamptz not null default now(),
  deadline_at timestamptz not null,
  cancel_asked_at timestamptz,
  outcome text check (outcome in ('succeeded', 'partially_succeeded', 'failed', 'canceled', 'expired')),
  failure jsonb,
  retracted_takes jsonb not null default '[]',
  finished_at timestamptz,
  check ((outcome is null) = (finished_at is null))
);
create index briefs_by_account on api.briefs (account, created_at desc, id desc);

create table api.candidates (
  id text primary key,
  account text not null references api.accounts (id),
  brief text not null references api.briefs (id),
  number int not null,
  made jsonb not null,                       -- engine.contracts.Made
  tokens bigint not null,
  ready_at timestamptz not null default now(),
  expires_at timestamptz not null,
  unique (brief, number)
);

create table api.licenses (
  id text primary key,
  account text not null references api.accounts (id),
  candidate text not null unique references api.candidates (id),
  track text not null unique,
  tokens bigint not null,
  certificate bytea not null,                -- the signed document, byte for byte
  created_at timestamptz not null default now()
);
create index licenses_by_account on api.licenses (account, created_at desc, id desc);

create table api.topups (
  id text primary key,
  account text not null references api.accounts (id),
  tokens bigint not null check (tokens > 0),
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null check (currency ~ '^[a-z]{3}$'),
  state text not null default 'requested' check (state in ('requested', 'open', 'paid', 'expired', 'failed')),
  checkout_session text unique,
  checkout_url text,
  detail text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index topups_requested on api.topups (created_at) where state = 'requested';

-- One row per POST that costs: the answer is replayed for the same body, refused for another one.
create table api.idempotency (
  account text not null references api.accounts (id),
  route text not null,
  key text not null,
  fingerprint text not null,
  status int,
  body bytea,
  location text,
  created_at timestamptz not null default now(),
  primary key (account, route, key)
);

-- Signing keys of the certificates; the private half never leaves the deployment's secrets.
create table api.signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  created_at timestamptz not null default now()
);
