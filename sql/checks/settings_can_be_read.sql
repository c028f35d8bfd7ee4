-- Every setting is there and says something that the rules can read.
--
-- Rule      R3
-- Reads     the catalog
-- If not    Completions and payouts would be refused, or decided otherwise. Put the value right
--           in earnings.settings; its id here is its place in this list.

with

expected as (

    select
        listed.place,
        listed.name,
        listed.pattern
    from (
        values
        (1, 'hold', '^\d{1,6} (hour|minute|second)s?$'),
        (2, 'no_show_policy', '^(hold|pay|reverse)$'),
        (3, 'currency', '^[A-Z]{3}$'),
        (4, 'payout_minimum', '^\d{1,9}$'),
        (5, 'contract_wait', '^\d{1,6} (day|hour|minute|second)s?$'),
        (6, 'mode', '^(enforce|observe)$')
    ) as listed (place, name, pattern)

)

select
    'setting' as subject,
    expected.place::bigint as subject_id,
    format('%s is %s', expected.name, coalesce(settings.value, 'missing')) as detail
from expected
left join earnings.settings as settings on expected.name = settings.name
where settings.value is null or settings.value !~ expected.pattern
