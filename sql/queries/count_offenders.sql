-- Counts the offenders that a check of sql/checks returns, and lists the first of them.
-- checks.py puts the query in place of the_check; $1 is how many are to be listed.

with

offenders as materialized (

    select
        subject,
        subject_id,
        detail
    from the_check

),

listed as (

    select
        subject,
        subject_id,
        detail
    from offenders
    order by subject, subject_id, detail
    limit $1

)

select
    counted.offender_count,
    listed.subject,
    listed.subject_id,
    listed.detail
from (select count(*) as offender_count from offenders) as counted
left join listed on true
order by listed.subject, listed.subject_id, listed.detail
