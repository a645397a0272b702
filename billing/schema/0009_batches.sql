-- Many holds of one key with one update of its account's wallet, budgets asked: all of them, or none.
-- Rows are locked in the order everybody locks them in: holds, budgets, the wallet last.
--
-- said: 'held' | 'insufficient' | 'frozen' | 'no_wallet' | 'over_budget'; ``facts`` say what would have
-- been allowed, and of a budget also how much of all this was ``wanted`` under it.
create function billing.place_batch(
  p_account text, p_api_key text, p_ids text[], p_briefs text[], p_tokens bigint[], p_ttls interval[],
  p_projects text[], p_customer_refs text[], p_kinds text[],
  out said text, out facts jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  caps billing.budgets[]; budget billing.budgets; month_ date := billing.month_of(now());
  share bigint; counted billing.budget_months;
  wanted bigint := (select coalesce(sum(one), 0) from unnest(p_tokens) as one);
begin
  -- A cap that is set meanwhile waits for these holds, and counts them.
  perform pg_advisory_xact_lock_shared(hashtextextended('budgets ' || p_account, 727003));
  caps := array(
    select budgets from billing.budgets
    where account = p_account
      and (scope = 'key' and subject = p_api_key or scope = 'project' and subject = any (p_projects))
    order by scope, subject);
  insert into billing.holds
    (id, account, brief, quoted, expires_at, api_key, project, customer_ref, kind, capped)
  select id, p_account, brief, tokens, now() + ttl, p_api_key, project, customer_ref, kind,
    array(
      select scope from unnest(caps) where scope = 'key' or subject = project order by scope)
  from unnest(p_ids, p_briefs, p_tokens, p_ttls, p_projects, p_customer_refs, p_kinds)
    as rows (id, brief, tokens, ttl, project, customer_ref, kind);
  foreach budget in array caps loop
    share := case budget.scope when 'key' then wanted else (
      select sum(tokens) from unnest(p_tokens, p_projects) as rows (tokens, project)
      where project = budget.subject) end;
    insert into billing.budget_months (account, scope, subject, month)
    values (p_account, budget.scope, budget.subject, month_) on conflict do nothing;
    update billing.budget_months as months set held = months.held + share
    where months.account = p_account and months.scope = budget.scope
      and months.subject = budget.subject and months.month = month_
      and base + months.held + months.spent + share <= budget.cap;
    if not found then
      select * into counted from billing.budget_months as months
      where months.account = p_account and months.scope = budget.scope
        and months.subject = budget.subject and months.month = month_;
      raise exception using errcode = 'CB402', message = 'over_budget',
        detail = jsonb_build_object('scope', budget.scope, 'subject', budget.subject,
          'cap', budget.cap, 'wanted', share,
          'available', greatest(0, budget.cap - counted.base - counted.held - counted.spent));
    end if;
  end loop;
  update billing.wallets set held = held + wanted
  where account = p_account and not frozen and posted - held - wanted >= -credit_limit;
  if not found then
    select case when frozen then 'frozen' else 'insufficient' end,
      jsonb_build_object('available', greatest(0, posted - held + credit_limit))
    into said, facts from billing.wallets where account = p_account;
    raise exception using errcode = 'CB402', message = coalesce(said, 'no_wallet'),
      detail = coalesce(facts, '{}');
  end if;
  said := 'held';
exception when sqlstate 'CB402' then  -- what was written above is undone with it
  declare why text;
  begin
    get stacked diagnostics said = message_text, why = pg_exception_detail;
    facts := why::jsonb;
  end;
end
$$;

-- Holds of many accounts and budgets about to be resolved one after the other: all holds before all budgets
-- before all wallets, as everybody locks them.
create function billing.lock_holds(p_ids text[]) returns void language plpgsql as $$
begin
  perform from billing.holds where id = any (p_ids) order by id for update;
  perform from billing.budget_months as months
  where exists (
    select from billing.holds
    where id = any (p_ids) and holds.account = months.account and months.scope = any (capped)
      and months.subject = billing.subject_of(months.scope, api_key, project)
      and months.month = billing.month_of(created_at))
  order by account, scope, subject, month for update;
  perform from billing.wallets
  where account in (select account from billing.holds where id = any (p_ids))
  order by account for no key update;
end
$$;
revoke execute on function billing.place_batch, billing.lock_holds from public;
