-- `candidate.ready` says also which take it was: who has heard the takes being written knows which of
-- them can be heard now.
create or replace function api.tell_of_candidate() returns trigger language plpgsql as $$
declare said jsonb := jsonb_build_object(
  api.noun_of(new.brief), new.brief, 'candidate', new.id, 'number', new.number,
  'take', new.made -> 'take', 'rating', new.made -> 'rating', 'tokens', new.tokens,
  'expires_at', to_char(new.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
begin
  perform engine.tell(new.brief, 'candidate.ready', said, true);
  perform api.tell(new.account, 'candidate.ready', new.brief, said);
  return null;
end
$$;
