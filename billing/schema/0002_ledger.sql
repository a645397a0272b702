-- The ledger's chart, its lots, budgets, freezes and notices, and every operation of the till as one
-- function: one round trip, the hot wallet row last. Rows are locked in one order everywhere: hold,
-- budget, wallet.

-- --- transfers: a unit, a chart, the balance they left ---

drop trigger transfers_are_final on billing.transfers;
alter table billing.transfers rename column tokens to amount;
alter table billing.transfers add column unit text not null default 'tok';  -- or a currency, in small letters
alter table billing.transfers add column balance_after bigint;  -- of the wallet, where it was touched
update billing.transfers set debit = 'issued' where debit = 'stripe';
update billing.transfers as line set balance_after = sums.balance
from (
  select id, sum(case when credit = 'wallet:' || account then amount else -amount end)
    over (partition by account order by id) as balance
  from billing.transfers
) as sums
where sums.id = line.id;
create trigger transfers_are_final before update or delete on billing.transfers
  for each row execute function billing.refuse_change();

-- Written while the wallet is locked, so that an account's times rise as its ids do.
alter table billing.transfers alter column created_at set default clock_timestamp();
create index transfers_by_day on billing.transfers (account, created_at, id);
revoke update, delete, truncate on billing.transfers from public;

-- --- wallets: what they owe, why they are frozen ---

alter table billing.wallets add column owed bigint not null default 0;

create table billing.freezes (
  account text not null references billing.wallets (account),
  reason text not null,
  since timestamptz not null default now(),
  primary key (account, reason)
);
insert into billing.freezes (account, reason) select account, 'operator' from billing.wallets where frozen;

-- A foreign key reads the wallet's row under a lock that many may share, just before the till's
-- functions change that row, and so makes the hot row hotter. They refuse unknown accounts themselves.
alter table billing.holds drop constraint holds_account_fkey;
alter table billing.captures drop constraint captures_account_fkey;
alter table billing.transfers drop constraint transfers_account_fkey;
alter table billing.outbox drop constraint outbox_account_fkey;
drop index billing.holds_by_account;

-- --- lots: tokens that came in together and expire together ---

create table billing.lots (
  id bigint generated always as identity primary key,
  account text not null references billing.wallets (account),
  transfer bigint not null unique references billing.transfers (id),
  source text not null check (source in ('topup', 'grant', 'refund', 'reinstatement')),
  tokens bigint not null check (tokens > 0),
  taken bigint not null default 0 check (taken between 0 and tokens),
  expires_at timestamptz
);
-- What came in before there were lots never expires; what was spent of it is drawn when it matters.
insert into billing.lots (account, transfer, source, tokens)
select transfers.account, id, kind, amount from billing.transfers
join billing.wallets on wallets.account = transfers.account
where kind in ('topup', 'grant', 'refund') and mode = 'prepaid';

-- --- what a spending is grouped by, and capped by ---

create table billing.budgets (
  account text not null references billing.wallets (account),
  scope text not null check (scope in ('key', 'project')),
  subject text not null,
  cap bigint not null check (cap >= 0),
  created_at timestamptz not null default now(),
  primary key (account, scope, subject)
);
-- A month is UTC's. ``base`` was spent in it while there was no cap.
create table billing.budget_months (
  account text not null,
  scope text not null,
  subject text not null,
  month date not null,
  base bigint not null default 0,
  held bigint not null default 0,
  spent bigint not null default 0,
  primary key (account, scope, subject, month),
  check (least(base, held, spent) >= 0)
);

alter table billing.holds set (fillfactor = 70);  -- captures of a hold stay on its page
alter table billing.holds
  add column late bigint not null default 0,       -- spent for it after it had closed
  add column api_key text, add column project text, add column customer_ref text, add column kind text,
  add column capped text[] not null default '{}';  -- scopes of the budgets it counts against
alter table billing.captures
  add column late boolean not null default false,  -- it came after its hold had closed
  add column api_key text, add column project text, add column customer_ref text, add column kind text,
  add column capped text[] not null default '{}',
  add column month date;                           -- of the budgets it counts against

create trigger captures_are_final before update or delete on billing.captures
  for each row execute function billing.refuse_change();
create trigger captures_are_kept before truncate on billing.captures
  for each statement execute function billing.refuse_change();
revoke update, delete, truncate on billing.captures from public;

-- --- the outbox tells more than captures ---

alter table billing.outbox drop constraint outbox_identifier_fkey;
alter table billing.outbox
  add column kind text not null default 'usage',   -- usage | return | correction
  add column capture text references billing.captures (id);
update billing.outbox set capture = identifier;
-- What was given back before was never taken off the meter.
insert into billing.outbox (identifier, account, event_name, tokens, kind, capture)
select 'ret_' || ref, transfers.account,
  case mode when 'postpaid' then 'cuesmith_tokens' else 'cuesmith_tokens_prepaid' end,
  -amount, 'return', ref
from billing.transfers join billing.wallets on wallets.account = transfers.account
where kind = 'refund';

-- --- what a row must be ---

-- Postgres reads the text of a table's checks anew in every statement that writes to it: as checks, the
-- chart below took 115 of the 125 microseconds of a transfer's insert, as a trigger it takes 6. So the
-- tables that every brief writes to keep their promises by triggers, and only the wallet's own stays a
-- check: no more is held and spent than there is.
create function billing.refuse_row(what text) returns void language plpgsql as $$
begin
  raise exception using errcode = 'check_violation', message = what;
end
$$;

-- wallet: what an account may spend; owed: what it spent and then took the payment back for; issued:
-- tokens sold; promo: tokens given; cash: money at Stripe; sales, fees, disputed: where it came from.
create function billing.keep_transfer() returns trigger language plpgsql as $$
declare wallet text := 'wallet:' || new.account; owed text := 'owed:' || new.account;
begin
  if (new.amount > 0
    and (new.balance_after is not null) = (new.debit = wallet or new.credit = wallet)
    and case new.kind
      when 'capture' then new.debit = wallet and new.credit = 'revenue'
      when 'refund' then new.debit = 'revenue' and new.credit = wallet
      when 'topup' then new.debit = 'issued' and new.credit = wallet
      when 'grant' then new.debit = 'promo' and new.credit = wallet
      when 'settlement' then new.debit = 'issued' and new.credit = wallet
      when 'expiry' then new.debit = wallet and new.credit = 'breakage'
      when 'clawback' then new.debit in (wallet, owed) and new.credit = 'issued'
      when 'reinstatement' then new.debit = 'issued' and new.credit in (wallet, owed)
      when 'repayment' then new.debit = wallet and new.credit = owed
      when 'payment' then new.debit = 'cash' and new.credit = 'sales'
      when 'payment_refund' then new.debit = 'sales' and new.credit = 'cash'
      when 'fee' then new.debit = 'fees' and new.credit = 'cash'
      when 'dispute' then new.debit = 'disputed' and new.credit = 'cash'
      when 'dispute_won' then new.debit = 'cash' and new.credit = 'disputed'
    end
    and case when new.kind in ('payment', 'payment_refund', 'fee', 'dispute', 'dispute_won')
      then new.unit <> 'tok' and new.unit ~ '^[a-z]{3}$' else new.unit = 'tok' end
  ) is not true then
    perform billing.refuse_row(format('the chart has no %s of %s %s from %s to %s',
      new.kind, new.amount, new.unit, new.debit, new.credit));
  end if;
  return new;
end
$$;
alter table billing.transfers
  drop constraint transfers_kind_check, drop constraint transfers_tokens_check,
  drop constraint transfers_check;
create trigger transfers_keep_the_chart before insert on billing.transfers
  for each row execute function billing.keep_transfer();

create function billing.keep_hold() returns trigger language plpgsql as $$
begin
  if (least(new.quoted, new.captured, new.released, new.late) >= 0
    and new.captured + new.late <= new.quoted
    and case new.state when 'open' then new.captured + new.released <= new.quoted
      when 'closed' then new.captured + new.released = new.quoted
      when 'expired' then new.captured + new.released = new.quoted end
  ) is not true then
    perform billing.refuse_row(format('hold %s of %s tokens cannot be %s with %s captured, %s late and'
      ' %s released', new.id, new.quoted, new.state, new.captured, new.late, new.released));
  end if;
  return new;
end
$$;
alter table billing.holds
  drop constraint holds_quoted_check, drop constraint holds_captured_check,
  drop constraint holds_released_check, drop constraint holds_state_check,
  drop constraint holds_check, drop constraint holds_check1;
create trigger holds_add_up before insert or update on billing.holds
  for each row execute function billing.keep_hold();

create function billing.keep_terms() returns trigger language plpgsql as $$
begin
  if (new.mode in ('prepaid', 'postpaid') and least(new.credit_limit, new.owed) >= 0
    and (new.mode = 'postpaid' or new.credit_limit = 0)) is not true then
    perform billing.refuse_row(format('a %s wallet cannot have a limit of %s and owe %s',
      new.mode, new.credit_limit, new.owed));
  end if;
  return new;
end
$$;
alter table billing.wallets
  drop constraint wallets_mode_check, drop constraint wallets_held_check,
  drop constraint wallets_credit_limit_check, drop constraint wallets_check,
  drop constraint wallets_check1,
  add check (held >= 0 and posted - held >= -credit_limit);
create trigger wallets_keep_their_terms before insert or update of mode, credit_limit, owed
  on billing.wallets for each row execute function billing.keep_terms();

create function billing.keep_capture() returns trigger language plpgsql as $$
begin
  if (new.tokens > 0 and new.sku in ('audition', 'license')
    and (not new.late or new.hold is not null)) is not true then
    perform billing.refuse_row(format('no capture of %s tokens for %s', new.tokens, new.sku));
  end if;
  return new;
end
$$;
alter table billing.captures
  drop constraint captures_sku_check, drop constraint captures_tokens_check;
create trigger captures_are_spendings before insert on billing.captures
  for each row execute function billing.keep_capture();

create function billing.keep_event() returns trigger language plpgsql as $$
begin
  if (case new.kind when 'usage' then new.tokens > 0 and new.capture is not null
      when 'return' then new.tokens < 0 and new.capture is not null
      when 'correction' then new.tokens <> 0 end) is not true then
    perform billing.refuse_row(format('no %s of %s tokens can be told', new.kind, new.tokens));
  end if;
  return new;
end
$$;
create trigger outbox_tells_what_was before insert on billing.outbox
  for each row execute function billing.keep_event();

-- --- notices: what an account is told once ---

create table billing.notices (
  id bigint generated always as identity primary key,
  account text not null references billing.wallets (account),
  kind text not null,
  subject text not null,
  period text not null,
  facts jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (account, kind, subject, period)
);
create index notices_by_account on billing.notices (account, id);

-- --- budgets inside the till ---

create function billing.month_of(moment timestamptz) returns date language sql immutable
  return (date_trunc('month', moment at time zone 'UTC'))::date;

create function billing.subject_of(scope text, api_key text, project text) returns text
  language sql immutable return case scope when 'key' then api_key else project end;

create function billing.meter_of(mode text) returns text language sql immutable
  return case mode when 'postpaid' then 'cuesmith_tokens' else 'cuesmith_tokens_prepaid' end;

-- Count tokens against every budget of these subjects, as held or as spent; null when all allowed it,
-- the one that did not otherwise, and then nothing was counted.
create function billing.take_budgets(
  p_account text, p_api_key text, p_project text, p_month date, p_held bigint, p_spent bigint,
  out capped text[], out refusing jsonb)
language plpgsql as $$
declare budget billing.budgets; wanted bigint := p_held + p_spent; counted billing.budget_months;
begin
  capped := '{}';
  for budget in
    select * from billing.budgets
    where account = p_account
      and (scope = 'key' and subject = p_api_key or scope = 'project' and subject = p_project)
    order by scope
  loop
    insert into billing.budget_months (account, scope, subject, month)
    values (p_account, budget.scope, budget.subject, p_month) on conflict do nothing;
    update billing.budget_months as months
    set held = months.held + p_held, spent = months.spent + p_spent
    where months.account = p_account and months.scope = budget.scope
      and months.subject = budget.subject and months.month = p_month
      and base + months.held + months.spent + wanted <= budget.cap
    returning * into counted;
    if counted.account is null then
      select * into counted from billing.budget_months as months
      where months.account = p_account and months.scope = budget.scope
        and months.subject = budget.subject and months.month = p_month;
      refusing := jsonb_build_object('scope', budget.scope, 'subject', budget.subject, 'cap', budget.cap,
        'available', greatest(0, budget.cap - counted.base - counted.held - counted.spent));
      perform billing.move_budgets(
        p_account, p_api_key, p_project, p_month, capped, -p_held, -p_spent);
      capped := '{}';
      return;
    end if;
    capped := capped || budget.scope;
    counted := null;
  end loop;
end
$$;

-- Move what was counted between held and spent, or give it back; in the order in which it was taken, for
-- a cap that was set later stands last in ``capped``.
create function billing.move_budgets(
  p_account text, p_api_key text, p_project text, p_month date, p_capped text[],
  p_held bigint, p_spent bigint)
returns void language plpgsql as $$
declare scope_ text;
begin
  for scope_ in select one from unnest(p_capped) as one order by one loop
    update billing.budget_months as months
    set held = months.held + p_held, spent = months.spent + p_spent
    where months.account = p_account and months.scope = scope_ and months.month = p_month
      and months.subject = billing.subject_of(scope_, p_api_key, p_project);
  end loop;
end
$$;

-- Say once a month that half, four fifths or all of a cap is spent; ``p_spent`` of it just now.
create function billing.alert_budgets(
  p_account text, p_api_key text, p_project text, p_month date, p_capped text[], p_spent bigint)
returns void language sql as $$
  insert into billing.notices (account, kind, subject, period, facts)
  select account, 'budget_' || share, scope || ':' || subject, to_char(month, 'YYYY-MM'),
    jsonb_build_object('scope', scope, 'subject', subject, 'cap', cap, 'spent', base + spent)
  from billing.budget_months join billing.budgets using (account, scope, subject),
    unnest(array[50, 80, 100]) as share
  where account = p_account and month = p_month and scope = any (p_capped)
    and subject = billing.subject_of(scope, p_api_key, p_project)
    and cap > 0 and (base + spent) * 100 >= cap * share
    and (base + spent - p_spent) * 100 < cap * share
  on conflict do nothing
$$;

-- Set or change a cap. What this month has spent counts, and what is held now is counted from now on.
create function billing.set_budget(p_account text, p_scope text, p_subject text, p_cap bigint)
returns void language plpgsql as $$
declare month_ date := billing.month_of(now()); ours text[];
begin
  ours := array(
    select id from billing.holds
    where account = p_account and state = 'open' and not p_scope = any (capped)
      and billing.subject_of(p_scope, api_key, project) = p_subject
      and billing.month_of(created_at) = month_
    order by id for update);
  insert into billing.budgets (account, scope, subject, cap)
  values (p_account, p_scope, p_subject, p_cap)
  on conflict (account, scope, subject) do update set cap = excluded.cap;
  insert into billing.budget_months (account, scope, subject, month)
  values (p_account, p_scope, p_subject, month_) on conflict do nothing;
  -- Whoever is just spending under it is waited for before what was spent is read.
  perform from billing.budget_months
  where account = p_account and scope = p_scope and subject = p_subject and month = month_ for update;
  update billing.budget_months as months set
    base = greatest(0, coalesce((
      select sum(tokens) from billing.captures
      where account = p_account and created_at >= date_trunc('month', now(), 'UTC')
        and coalesce(month, month_) = month_
        and billing.subject_of(p_scope, api_key, project) = p_subject), 0) - months.spent),
    held = months.held + coalesce((
      select sum(quoted - captured - released) from billing.holds where id = any (ours)), 0)
  where months.account = p_account and months.scope = p_scope and months.subject = p_subject
    and months.month = month_;
  update billing.holds set capped = capped || p_scope where id = any (ours);
end
$$;

-- --- holds ---

-- The hottest of all: it answers in scalars and reads a whole row only to refuse.
-- 'held' | 'replay' | 'mismatch' | 'insufficient' | 'frozen' | 'no_wallet' | 'over_budget'
create function billing.place_hold(
  p_id text, p_account text, p_brief text, p_tokens bigint, p_ttl interval,
  p_api_key text, p_project text, p_customer_ref text, p_kind text,
  out said text, out expires_at timestamptz, out facts jsonb)
language plpgsql as $$
declare month_ date; capped_ text[] := '{}';
begin
  expires_at := now() + p_ttl;
  insert into billing.holds
    (id, account, brief, quoted, expires_at, api_key, project, customer_ref, kind)
  values
    (p_id, p_account, p_brief, p_tokens, place_hold.expires_at, p_api_key, p_project, p_customer_ref,
     p_kind)
  on conflict (brief) do nothing;
  if not found then
    select case when account = p_account and quoted = p_tokens then 'replay' else 'mismatch' end into said
    from billing.holds where brief = p_brief;
    return;
  end if;
  if exists (select from billing.budgets where account = p_account) then
    month_ := billing.month_of(now());
    select capped, refusing into capped_, facts
    from billing.take_budgets(p_account, p_api_key, p_project, month_, p_tokens, 0);
    if facts is not null then
      delete from billing.holds where id = p_id;
      said := 'over_budget';
      return;
    end if;
    update billing.holds set capped = capped_ where id = p_id;
  end if;
  update billing.wallets set held = held + p_tokens
  where account = p_account and not frozen and posted - held - p_tokens >= -credit_limit;
  if found then
    said := 'held';
    return;
  end if;
  perform billing.move_budgets(p_account, p_api_key, p_project, month_, capped_, -p_tokens, 0);
  delete from billing.holds where id = p_id;
  select case when frozen then 'frozen' else 'insufficient' end,
    jsonb_build_object('available', greatest(0, posted - held + credit_limit))
  into said, facts from billing.wallets where account = p_account;
  said := coalesce(said, 'no_wallet');
end
$$;

-- Many holds of one account that has no budgets, with one update of its wallet: all, or none and null.
create function billing.place_holds(
  p_account text, p_ids text[], p_briefs text[], p_tokens bigint[], p_ttls interval[],
  p_api_keys text[], p_projects text[], p_customer_refs text[], p_kinds text[])
returns setof billing.holds language plpgsql as $$
declare wanted bigint;
begin
  if exists (select from billing.budgets where account = p_account) then
    return;
  end if;
  insert into billing.holds
    (id, account, brief, quoted, expires_at, api_key, project, customer_ref, kind)
  select id, p_account, brief, tokens, now() + ttl, api_key, project, customer_ref, kind
  from unnest(p_ids, p_briefs, p_tokens, p_ttls, p_api_keys, p_projects, p_customer_refs, p_kinds)
    as rows (id, brief, tokens, ttl, api_key, project, customer_ref, kind)
  order by brief
  on conflict (brief) do nothing;
  select coalesce(sum(quoted), 0) into wanted from billing.holds where id = any (p_ids);
  update billing.wallets set held = held + wanted
  where account = p_account and not frozen and posted - held - wanted >= -credit_limit;
  if not found then
    delete from billing.holds where id = any (p_ids);
    return;
  end if;
  return query select * from billing.holds where id = any (p_ids);
end
$$;

-- 'released' | 'no_hold' | what the hold was before, when it was resolved
create function billing.release(p_hold text, p_state text, out said text, out held billing.holds)
language plpgsql as $$
declare rest bigint;
begin
  select * into held from billing.holds where id = p_hold for update;
  if held.id is null then
    said := 'no_hold';
    return;
  end if;
  said := held.state;
  if held.state <> 'open' then
    return;
  end if;
  rest := held.quoted - held.captured - held.released;
  update billing.holds set released = released + rest, state = p_state where id = p_hold
  returning * into held;
  perform billing.move_budgets(held.account, held.api_key, held.project,
    billing.month_of(held.created_at), held.capped, -rest, 0);
  update billing.wallets set held = wallets.held - rest where account = held.account;
  said := 'released';
end
$$;

-- Give back up to so many holds that outlived their brief; those another sweeper has are skipped. Rows
-- are locked in the order everybody locks them in, all holds before all budgets before all wallets.
create function billing.expire_holds(p_limit int) returns int language plpgsql as $$
declare ended text[]; count int;
begin
  ended := array(
    select id from billing.holds where state = 'open' and expires_at < now()
    order by expires_at limit p_limit for update skip locked);
  count := cardinality(ended);
  if count = 0 then
    return 0;
  end if;
  perform from billing.budget_months as months
  where exists (
    select from billing.holds
    where id = any (ended) and holds.account = months.account and months.scope = any (capped)
      and months.subject = billing.subject_of(months.scope, api_key, project)
      and months.month = billing.month_of(created_at))
  order by account, scope, subject, month for update;
  update billing.budget_months as months set held = months.held - given.tokens
  from (
    select account, scope, billing.subject_of(scope, api_key, project) as subject,
      billing.month_of(created_at) as month, sum(quoted - captured - released) as tokens
    from billing.holds, unnest(capped) as scope
    where id = any (ended) group by 1, 2, 3, 4
  ) as given
  where (months.account, months.scope, months.subject, months.month)
    = (given.account, given.scope, given.subject, given.month);
  perform from billing.wallets
  where account in (select account from billing.holds where id = any (ended))
  order by account for no key update;
  update billing.wallets set held = wallets.held - given.tokens
  from (
    select account, sum(quoted - captured - released) as tokens
    from billing.holds where id = any (ended) group by 1
  ) as given
  where wallets.account = given.account;
  update billing.holds set released = quoted - captured, state = 'expired' where id = any (ended);
  return count;
end
$$;

-- --- spending ---

create function billing.write_capture(
  p_capture billing.captures, p_mode text, p_balance_after bigint) returns billing.captures
language plpgsql as $$
begin
  insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
  values ('capture', p_capture.id, p_capture.account, 'wallet:' || p_capture.account, 'revenue',
    p_capture.tokens, p_balance_after)
  returning id, created_at into p_capture.transfer, p_capture.created_at;
  insert into billing.captures select p_capture.*;
  -- The time is the database's, never a pod's: Stripe refuses events from the future.
  insert into billing.outbox (identifier, account, event_name, tokens, capture, occurred_at)
  values (p_capture.id, p_capture.account, billing.meter_of(p_mode), p_capture.tokens, p_capture.id,
    p_capture.created_at);
  return p_capture;
end
$$;

-- 'captured' | 'replay' | 'mismatch' | 'no_hold' | 'closed' | 'expired' | 'over_quote'
create function billing.capture(
  p_hold text, p_id text, p_reference text, p_tokens bigint, p_release_rest boolean,
  out said text, out made billing.captures, out quoted bigint)
language plpgsql as $$
declare held_ billing.holds; rest bigint := 0; wallet billing.wallets;
begin
  select * into held_ from billing.holds where id = p_hold for update;
  if held_.id is null then
    said := 'no_hold';
    return;
  end if;
  quoted := held_.quoted;
  select * into made from billing.captures where sku = 'audition' and reference = p_reference;
  if made.id is not null then
    said := case when made.tokens = p_tokens and made.account = held_.account
      then 'replay' else 'mismatch' end;
    if said = 'replay' and p_release_rest then
      perform billing.release(p_hold, 'closed');
    end if;
    return;
  end if;
  if held_.state <> 'open' then
    said := held_.state;
    return;
  end if;
  if held_.captured + held_.released + p_tokens > held_.quoted then
    said := 'over_quote';
    return;
  end if;
  if p_release_rest then
    rest := held_.quoted - held_.captured - held_.released - p_tokens;
  end if;
  update billing.holds
  set captured = captured + p_tokens, released = released + rest,
    state = case when captured + p_tokens + released + rest = holds.quoted then 'closed' else state end
  where id = p_hold;
  if held_.capped <> '{}' then
    perform billing.move_budgets(held_.account, held_.api_key, held_.project,
      billing.month_of(held_.created_at), held_.capped, -p_tokens - rest, p_tokens);
    perform billing.alert_budgets(held_.account, held_.api_key, held_.project,
      billing.month_of(held_.created_at), held_.capped, p_tokens);
  end if;
  update billing.wallets set posted = posted - p_tokens, held = held - p_tokens - rest
  where account = held_.account returning * into wallet;
  made.id := p_id; made.account := held_.account; made.hold := p_hold; made.sku := 'audition';
  made.reference := p_reference; made.tokens := p_tokens; made.api_key := held_.api_key;
  made.project := held_.project; made.customer_ref := held_.customer_ref; made.kind := held_.kind;
  made.capped := held_.capped; made.month := billing.month_of(held_.created_at);
  made.late := false;
  made := billing.write_capture(made, wallet.mode, wallet.posted);
  said := 'captured';
end
$$;

-- From what the wallet has now: a license, or by charge_late a candidate of a hold that is over.
-- 'captured' | 'replay' | 'mismatch' | 'insufficient' | 'frozen' | 'no_wallet' | 'over_budget'
create function billing.charge_now(
  p_account text, p_id text, p_sku text, p_reference text, p_tokens bigint,
  p_api_key text, p_project text, p_customer_ref text, p_kind text, p_late_for text default null,
  out said text, out made billing.captures, out facts jsonb)
language plpgsql as $$
declare
  wallet billing.wallets; capped_ text[] := '{}'; refusing_ jsonb; month_ date := billing.month_of(now());
begin
  select * into made from billing.captures where sku = p_sku and reference = p_reference;
  if made.id is null then
    if exists (select from billing.budgets where account = p_account) then
      select capped, refusing into capped_, refusing_
      from billing.take_budgets(p_account, p_api_key, p_project, month_, 0, p_tokens);
    end if;
    if refusing_ is null then
      update billing.wallets set posted = posted - p_tokens
      where account = p_account and not frozen and posted - held - p_tokens >= -credit_limit
      returning * into wallet;
    end if;
    -- Whoever asked for the same at the same time has committed: we waited for the rows it changed.
    select * into made from billing.captures where sku = p_sku and reference = p_reference;
    if made.id is null and wallet.account is not null then
      made.id := p_id; made.account := p_account; made.sku := p_sku; made.reference := p_reference;
      made.tokens := p_tokens; made.api_key := p_api_key; made.project := p_project;
      made.customer_ref := p_customer_ref; made.kind := p_kind; made.capped := capped_;
      made.month := month_; made.hold := p_late_for; made.late := p_late_for is not null;
      made := billing.write_capture(made, wallet.mode, wallet.posted);
      perform billing.alert_budgets(p_account, p_api_key, p_project, month_, capped_, p_tokens);
      said := 'captured';
      return;
    end if;
    if wallet.account is not null then
      update billing.wallets set posted = posted + p_tokens where account = p_account;
    end if;
    perform billing.move_budgets(p_account, p_api_key, p_project, month_, capped_, 0, -p_tokens);
  end if;
  if made.id is not null then
    said := case when made.tokens = p_tokens and made.account = p_account
      then 'replay' else 'mismatch' end;
  elsif refusing_ is not null then
    said := 'over_budget';
    facts := refusing_;
  else
    select * into wallet from billing.wallets where account = p_account;
    said := case when wallet.account is null then 'no_wallet' when wallet.frozen then 'frozen'
      else 'insufficient' end;
    facts := jsonb_build_object('available',
      greatest(0, wallet.posted - wallet.held + wallet.credit_limit));
  end if;
end
$$;

-- A candidate that came after its hold was over: never more than was quoted, counted with the others.
-- What charge_now says | 'no_hold' | 'open' | 'over_quote'
create function billing.charge_late(
  p_hold text, p_id text, p_reference text, p_tokens bigint,
  out said text, out made billing.captures, out facts jsonb, out account text)
language plpgsql as $$
declare held_ billing.holds; charged record;
begin
  select * into held_ from billing.holds where id = p_hold for update;
  account := held_.account;
  if held_.id is null then
    said := 'no_hold';
    return;
  end if;
  select * into made from billing.captures where sku = 'audition' and reference = p_reference;
  if made.id is not null then
    said := case when made.tokens = p_tokens and made.account = held_.account
      then 'replay' else 'mismatch' end;
  elsif held_.state = 'open' then
    said := 'open';
  elsif held_.captured + held_.late + p_tokens > held_.quoted then
    said := 'over_quote';
    facts := jsonb_build_object('quoted', held_.quoted);
  else
    select * into charged
    from billing.charge_now(held_.account, p_id, 'audition', p_reference, p_tokens, held_.api_key,
      held_.project, held_.customer_ref, held_.kind, p_hold);
    said := charged.said;
    made := charged.made;
    facts := charged.facts;
    if said = 'captured' then
      update billing.holds set late = late + p_tokens where id = p_hold;
    end if;
  end if;
end
$$;

-- --- tokens that come in, and go back ---

create function billing.thaw_paid(p_account text) returns void language sql as $$
  delete from billing.freezes where account = p_account and reason = 'owed'
    and exists (select from billing.wallets where account = p_account and owed = 0);
  update billing.wallets
  set frozen = exists (select from billing.freezes where account = p_account)
  where account = p_account
    and frozen <> exists (select from billing.freezes where account = p_account)
$$;

-- Tokens into a wallet, once for every (kind, ref); false when they had come before. What the account
-- owes is paid from them first. A prepaid wallet gets a lot for them.
create function billing.credit(
  p_account text, p_kind text, p_ref text, p_debit text, p_tokens bigint, p_expires_at timestamptz)
returns boolean language plpgsql as $$
declare wallet billing.wallets; transfer_ bigint; share bigint;
begin
  if exists (select from billing.transfers where kind = p_kind and ref = p_ref) then
    return false;
  end if;
  update billing.wallets set posted = posted + p_tokens where account = p_account
  returning * into wallet;
  insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
  values (p_kind, p_ref, p_account, p_debit, 'wallet:' || p_account, p_tokens, wallet.posted)
  on conflict (kind, ref) do nothing
  returning id into transfer_;
  if transfer_ is null then  -- somebody was faster
    update billing.wallets set posted = posted - p_tokens where account = p_account;
    return false;
  end if;
  if wallet.mode = 'prepaid' then
    insert into billing.lots (account, transfer, source, tokens, expires_at)
    values (p_account, transfer_, p_kind, p_tokens, p_expires_at);
  end if;
  share := least(wallet.owed, p_tokens);
  if share > 0 then
    update billing.wallets set posted = posted - share, owed = owed - share where account = p_account
    returning * into wallet;
    insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
    values ('repayment', p_kind || '/' || p_ref, p_account, 'wallet:' || p_account,
      'owed:' || p_account, share, wallet.posted);
    perform billing.thaw_paid(p_account);
  end if;
  return true;
end
$$;

-- How long tokens last that come back: as long as the longest of the account's others, and a month at
-- least, for those they were of may have run out since.
create function billing.longest_of(p_account text) returns timestamptz language sql stable as $$
  select case when not bool_or(expires_at is null)
    then greatest(max(expires_at), now() + interval '30 days') end
  from billing.lots where account = p_account
$$;

-- The tokens of one capture come back, and the meter is told. 'refunded' | 'replay' | 'no_capture'
create function billing.refund(p_capture text) returns text language plpgsql as $$
declare spent billing.captures; mode_ text; ends timestamptz;
begin
  select * into spent from billing.captures where id = p_capture;
  if spent.id is null then
    return 'no_capture';
  end if;
  ends := billing.longest_of(spent.account);
  if not billing.credit(spent.account, 'refund', p_capture, 'revenue', spent.tokens, ends) then
    return 'replay';
  end if;
  select mode into mode_ from billing.wallets where account = spent.account;
  insert into billing.outbox (identifier, account, event_name, tokens, kind, capture)
  values ('ret_' || p_capture, spent.account, billing.meter_of(mode_), -spent.tokens, 'return', p_capture);
  return 'refunded';
end
$$;

-- A payment went back: its tokens are taken out again. What is spent or held cannot be taken; it is
-- owed, and the account is frozen until it is paid. A repeat says what the first one did.
create function billing.claw_back(
  p_account text, p_ref text, p_tokens bigint, out taken bigint, out owed bigint)
language plpgsql as $$
declare wallet billing.wallets;
begin
  select * into wallet from billing.wallets where account = p_account for no key update;
  if exists (select from billing.transfers where kind = 'clawback' and ref in (p_ref, p_ref || '/owed'))
  then
    select coalesce(sum(amount) filter (where ref = p_ref), 0),
      coalesce(sum(amount) filter (where ref <> p_ref), 0) into taken, owed
    from billing.transfers where kind = 'clawback' and ref in (p_ref, p_ref || '/owed');
    return;
  end if;
  if p_tokens < 0 then
    perform billing.refuse_row(format('no clawback of %s tokens', p_tokens));
  end if;
  taken := least(p_tokens, greatest(0, wallet.posted - wallet.held + wallet.credit_limit));
  owed := p_tokens - taken;
  update billing.wallets set posted = posted - taken, owed = wallets.owed + claw_back.owed,
    frozen = frozen or claw_back.owed > 0
  where account = p_account returning * into wallet;
  if taken > 0 then
    insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
    values ('clawback', p_ref, p_account, 'wallet:' || p_account, 'issued', taken, wallet.posted);
  end if;
  if owed > 0 then
    insert into billing.transfers (kind, ref, account, debit, credit, amount)
    values ('clawback', p_ref || '/owed', p_account, 'owed:' || p_account, 'issued', owed);
    insert into billing.freezes (account, reason) values (p_account, 'owed') on conflict do nothing;
  end if;
end
$$;

-- What a clawback took comes back: first off what is owed, the rest into the wallet, once.
-- 'reinstated' | 'replay' | 'no_clawback'
create function billing.reinstate(p_account text, p_ref text) returns text language plpgsql as $$
declare wallet billing.wallets; whole bigint; share bigint; transfer_ bigint;
begin
  select * into wallet from billing.wallets where account = p_account for no key update;
  select coalesce(sum(amount), 0) into whole from billing.transfers
  where kind = 'clawback' and ref in (p_ref, p_ref || '/owed') and account = p_account;
  if whole = 0 then
    return 'no_clawback';
  end if;
  if exists (
    select from billing.transfers where kind = 'reinstatement' and ref in (p_ref, p_ref || '/owed'))
  then
    return 'replay';
  end if;
  share := least(whole, wallet.owed);
  update billing.wallets set posted = posted + whole - share, owed = owed - share
  where account = p_account returning * into wallet;
  if share > 0 then
    insert into billing.transfers (kind, ref, account, debit, credit, amount)
    values ('reinstatement', p_ref || '/owed', p_account, 'issued', 'owed:' || p_account, share);
  end if;
  if whole > share then
    insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
    values ('reinstatement', p_ref, p_account, 'issued', 'wallet:' || p_account, whole - share,
      wallet.posted)
    returning id into transfer_;
    if wallet.mode = 'prepaid' then
      insert into billing.lots (account, transfer, source, tokens, expires_at)
      values (p_account, transfer_, 'reinstatement', whole - share, billing.longest_of(p_account));
    end if;
  end if;
  perform billing.thaw_paid(p_account);
  return 'reinstated';
end
$$;

-- --- freezes ---

-- Whether the reason is new.
create function billing.freeze(p_account text, p_reason text) returns boolean language plpgsql as $$
begin
  update billing.wallets set frozen = true where account = p_account;
  insert into billing.freezes (account, reason) values (p_account, p_reason) on conflict do nothing;
  return found;
end
$$;

-- Whether the reason was there; the account may spend again when it was the last.
create function billing.thaw(p_account text, p_reason text) returns boolean language plpgsql as $$
declare gone boolean;
begin
  perform from billing.wallets where account = p_account for no key update;
  delete from billing.freezes where account = p_account and reason = p_reason;
  gone := found;
  update billing.wallets set frozen = exists (select from billing.freezes where account = p_account)
  where account = p_account;
  return gone;
end
$$;

-- --- rights ---

-- The functions act as the schema's owner, whoever calls them: a role may be allowed to set tokens
-- aside without being allowed to write a wallet. deploy/roles.sql says who may call which.
do $$
declare one regprocedure;
begin
  for one in
    select pg_proc.oid from pg_proc join pg_language on pg_language.oid = prolang
    where pronamespace = 'billing'::regnamespace and prorettype <> 'trigger'::regtype
      and (lanname = 'plpgsql' or provolatile = 'v')
  loop
    execute format(
      'alter function %s security definer set search_path = pg_catalog, pg_temp', one);
    execute format('revoke execute on function %s from public', one);
  end loop;
end
$$;
