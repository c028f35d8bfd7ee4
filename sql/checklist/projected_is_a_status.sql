-- The rules know the status projected, in which earnings of an undelivered booking begin.

select
    'status rule' as subject,
    null::bigint as subject_id,
    format('%s is missing', wanted.rule) as detail
from (
    values ('new', 'projected', 'new -> projected'), ('projected', 'pending', 'projected -> pending')
) as wanted (from_status, to_status, rule)
left join earnings.status_rules as rules
    on wanted.from_status = rules.from_status and wanted.to_status = rules.to_status
where rules.from_status is null
