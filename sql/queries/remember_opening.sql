-- Lets the next install open the history again, and keeps since when it is known (R19): the moment of
-- its first opening.
with

opened as (

    delete from earnings.changes
    where name = 'history opened'
    returning applied_at

)

insert into earnings.changes (name, applied_at)
select
    'history first opened' as name,
    opened.applied_at
from opened
on conflict do nothing;
