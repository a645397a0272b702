#!/bin/sh
# The processes' logins, each a member of its role of deploy/roles.sql; run once, when the database is made.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$CUESMITH_USERS_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
create role cuesmith_gateway nologin;
create role cuesmith_clerk nologin;
create role cuesmith_studio nologin;
create role gateway login password :'password' in role cuesmith_gateway;
create role clerk login password :'password' in role cuesmith_clerk;
create role studio login password :'password' in role cuesmith_studio;
create role monitor login password :'password' in role pg_monitor;
SQL
