-- A matter for people is closed with who decided, when and why, or not at all (R18).  Refused where
-- it is written, it need not be looked for among all of them.  Runs once, as earnings_owner.

update earnings.exceptions
set
    resolved_at = coalesce(resolved_at, now()),
    resolved_by = coalesce(nullif(trim(resolved_by), ''), 'not said'),
    resolution = coalesce(nullif(trim(resolution), ''), 'not said')
where num_nonnulls(resolved_at, nullif(trim(resolved_by), ''), nullif(trim(resolution), '')) not in (0, 3);

alter table earnings.exceptions add constraint exceptions_say_who_and_why
check (num_nonnulls(resolved_at, nullif(trim(resolved_by), ''), nullif(trim(resolution), '')) in (0, 3));
