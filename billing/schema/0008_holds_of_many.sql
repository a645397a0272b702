-- Holds of many accounts at once. Wallets that somebody else has are left to him: nobody who comes with
-- others waits for one of them, and who waits for nothing can be in no deadlock.

-- Which of these wallets are ours now, until the end of the transaction.
create function billing.lock_free(p_accounts text[]) returns text[] language plpgsql as $$
begin
  return array(
    select account from billing.wallets where account = any (p_accounts)
    order by account for no key update skip locked);
end
$$;

-- Set tokens aside in wallets that are locked already; returns the holds that were placed. An account's are
-- placed together or not at all: not where it is frozen, has too little for all of them, or has budgets.
-- Those are for billing.place_hold, one by one, which says why.
create function billing.hold_each(
  p_ids text[], p_accounts text[], p_briefs text[], p_tokens bigint[], p_ttls interval[],
  p_api_keys text[], p_projects text[], p_customer_refs text[], p_kinds text[])
returns text[] language plpgsql as $$
declare covered text[];
begin
  with wanted as (
    select account, sum(tokens) as tokens
    from unnest(p_accounts, p_tokens) as rows (account, tokens)
    where not exists (select from billing.budgets where budgets.account = rows.account)
    group by account
  ), taken as (
    update billing.wallets set held = held + wanted.tokens from wanted
    where wallets.account = wanted.account and not frozen
      and posted - held - wanted.tokens >= -credit_limit
    returning wallets.account
  )
  select coalesce(array_agg(account), '{}') into covered from taken;
  insert into billing.holds
    (id, account, brief, quoted, expires_at, api_key, project, customer_ref, kind)
  select id, account, brief, tokens, now() + ttl, api_key, project, customer_ref, kind
  from unnest(p_ids, p_accounts, p_briefs, p_tokens, p_ttls, p_api_keys, p_projects, p_customer_refs,
              p_kinds)
    as rows (id, account, brief, tokens, ttl, api_key, project, customer_ref, kind)
  where account = any (covered);
  return covered;
end
$$;

alter function billing.lock_free security definer set search_path = pg_catalog, pg_temp;
alter function billing.hold_each security definer set search_path = pg_catalog, pg_temp;
revoke execute on function billing.lock_free, billing.hold_each from public;
