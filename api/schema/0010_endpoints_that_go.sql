-- Whoever tells something keeps the endpoints that he tells there until he is done, and whoever deletes one
-- waits for him; both come to the endpoint before its threads. Of one that is gone by then nothing is left
-- to be told, instead of a refusal of all that the message was about.
create or replace function api.tell_endpoints(
  p_account text, p_type text, p_subject text, p_facts jsonb, p_endpoints text[])
returns text language plpgsql as $$
declare message text; there text[];
begin
  there := array(
    select id from api.webhook_endpoints where id = any (p_endpoints) order by id for key share);
  perform api.hold_threads(p_subject, there);
  insert into api.messages (account, type, subject, facts)
  values (p_account, p_type, p_subject, p_facts) returning id into message;
  perform api.send_to(message, there);
  return message;
end
$$;
