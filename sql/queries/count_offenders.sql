-- Counts the offenders that a check of sql/checks returns, and lists the first of them.
-- checks.py puts the query and the number to list in place of the braces.

with

offenders as materialized (

    {check}

),

listed as (

    select
        subject,
        subject_id,
        detail
    from offenders
    order by subject, subject_id, detail
    limit {shown}

)

select
    counted.offender_count,
    listed.subject,
    listed.subject_id,
    listed.detail
from (select count(*) as offender_count from offenders) as counted
left join listed on true
order by listed.subject, listed.subject_id, listed.detail
