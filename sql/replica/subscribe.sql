-- On the replica, as a superuser, with the primary's address in the environment as DATABASE_URL:
-- copy the published tables, then follow them.

\getenv primary DATABASE_URL
create subscription earnings connection :'primary' publication earnings;
