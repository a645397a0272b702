-- What has not ended is counted whenever something is taken in; what has ended is most of the table.
create index briefs_open on api.briefs (account, api_key) where outcome is null;
