-- How long the tokens of a pack last once they are paid for; null: for ever, as those bought before.
alter table api.topups add column months int check (months > 0);
