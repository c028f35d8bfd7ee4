-- Exceptions of a kind that is not in the list of kinds.

select
    subject,
    subject_id,
    format('unlisted kind %s', kind) as offence
from exceptions
where kind not in (select exception_kinds.kind from exception_kinds)
