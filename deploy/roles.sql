-- Who may do what in the database. Run it as the owner of the schemas after every migration; it may be
-- repeated. The roles cannot log in: make the processes' users members of them, for example
--   create role gateway login password '...' in role cuesmith_gateway;
-- Migrations and the operator's commands run as the owner.
--
-- The gateway faces the internet: it reads the till, sets tokens aside and sells licenses by the till's
-- own functions, and cannot write a wallet or a transfer. The studio cannot read the till or the door.
-- Nobody changes what the ledger has written: a mistake is corrected by a new transfer. The scaler is KEDA,
-- which starts and ends studios: it learns how much work waits, not whose.
do $$
declare wanted text;
begin
  foreach wanted in array array[
    'cuesmith_gateway', 'cuesmith_clerk', 'cuesmith_studio', 'cuesmith_scaler'
  ] loop
    begin
      execute format('create role %I nologin', wanted);
    exception when duplicate_object or unique_violation then
      null;  -- it is there, or another database of the same server is making it now
    end;
  end loop;
end
$$;

-- What is not granted below is not allowed; what an older version of this file allowed is taken back.
revoke all on all tables in schema api, billing, engine from
  public, cuesmith_gateway, cuesmith_clerk, cuesmith_studio, cuesmith_scaler;
revoke all on all functions in schema billing from
  public, cuesmith_gateway, cuesmith_clerk, cuesmith_studio, cuesmith_scaler;
revoke all on schema api, billing, engine from
  public, cuesmith_gateway, cuesmith_clerk, cuesmith_studio, cuesmith_scaler;

-- --- studio ---
grant usage on schema engine to cuesmith_studio;
grant select, insert, update, delete on all tables in schema engine to cuesmith_studio;

-- --- gateway ---
grant usage on schema api, billing, engine to cuesmith_gateway;
grant select, insert, update, delete on all tables in schema api, engine to cuesmith_gateway;
grant select on all tables in schema billing to cuesmith_gateway;
grant insert, update on billing.stripe_inbox, billing.errands to cuesmith_gateway;
grant delete on billing.budgets to cuesmith_gateway;
grant execute on function
  billing.place_hold, billing.place_holds, billing.place_batch, billing.lock_free,
  billing.hold_each, billing.charge_now, billing.set_budget, billing.month_of, billing.subject_of,
  billing.meter_of
to cuesmith_gateway;

-- --- clerk ---
grant usage on schema api, billing, engine to cuesmith_clerk;
grant select, insert, update, delete on all tables in schema api, billing, engine to cuesmith_clerk;
revoke update, delete on billing.transfers, billing.captures from cuesmith_clerk;
revoke delete on billing.wallets, billing.holds, billing.lots from cuesmith_clerk;
grant execute on all functions in schema billing to cuesmith_clerk;

-- --- scaler ---
grant usage on schema engine to cuesmith_scaler;
grant select on engine.backlog to cuesmith_scaler;
